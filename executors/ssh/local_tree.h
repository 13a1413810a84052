#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/core/result.h"
#include "executors/agent_protocol/tree_plan.h"

namespace hd {

/// A folder of this machine, as it is to be made on hosts.
struct LocalTree {
  std::string base;    ///< absolute; the paths of the entries count from it
  std::string folder;  ///< where it is made, relative to the work folder of a host
  std::shared_ptr<const std::vector<TreeEntry>> entries;
};

/// Everything in `base`, with the hashes of the files, so that hosts need only what they lack. Made
/// as `<parent>/<id>` on hosts, where the id stands for the content: the name of `base` when that
/// is a SHA-256, as with snapshots, or else one of the entries.
[[nodiscard]] Result<LocalTree> shared_tree(const std::string& base, const std::string& parent);

/// One entry of a folder and what is below it, made as `folder/<its name>` on hosts, sent whole.
[[nodiscard]] Result<LocalTree> single_tree(const std::string& path, const std::string& folder);

}  // namespace hd
