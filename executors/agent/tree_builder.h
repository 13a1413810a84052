#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/result.h"
#include "executors/agent_protocol/tree_plan.h"

namespace hd {

/// Makes folders below the work folder from what an engine sends. A folder appears complete or not
/// at all. Contents that have a SHA-256 are kept once under `contents` and linked from there, so
/// that only what is missing needs to be sent.
class TreeBuilder {
 public:
  /// `work`: absolute path of the work folder.
  explicit TreeBuilder(std::string work);
  ~TreeBuilder();
  TreeBuilder(const TreeBuilder&) = delete;
  TreeBuilder& operator=(const TreeBuilder&) = delete;

  struct Progress {
    bool built = false;
    std::vector<std::size_t> missing;  ///< entries whose content is to be sent
  };
  /// Begins (or begins anew) to make `folder`, relative to the work folder.
  [[nodiscard]] Result<Progress> plan(const std::string& folder, std::string_view entries);
  /// Takes the next part of the content of one of the missing entries; the folder is made when the
  /// last one is complete.
  [[nodiscard]] Result<Progress> put(const std::string& folder,
                                     std::size_t entry,
                                     std::string_view part,
                                     bool is_last);

 private:
  struct Tree {
    std::vector<TreeEntry> entries;
    std::string staging;
    std::set<std::size_t> missing;
  };

  [[nodiscard]] Result<Progress> assemble(const std::string& folder, Tree& tree);
  [[nodiscard]] Result<bool> place(const Tree& tree, std::size_t entry, const std::string& to);
  [[nodiscard]] std::string content_file(const TreeEntry& entry) const;
  [[nodiscard]] std::string received_file(const Tree& tree, std::size_t entry) const;
  [[nodiscard]] Result<bool> keep_content(const Tree& tree, std::size_t entry);

  std::string work_;
  std::string staging_;
  int next_tree_ = 0;
  std::map<std::string, Tree> trees_;
};

/// Removes a tree as far as possible; never follows a link.
void remove_folder(const std::string& path);
/// Makes a folder (mode 0700) and its missing parents.
[[nodiscard]] bool make_folders(const std::string& path);

}  // namespace hd
