#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/result.h"

namespace hd {

/// One entry of a folder that is to be made on another machine.
struct TreeEntry {
  enum class Kind : char { kDirectory = 'd', kLink = 'l', kFile = 'f' };
  Kind kind = Kind::kFile;
  std::string path;    ///< relative; folders come before what is in them
  std::string target;  ///< of a link
  bool executable = false;
  std::uint64_t size = 0;
  std::string sha256;  ///< of a file; empty = it is sent in any case
};

/// The entries as bytes: paths may hold any byte but NUL.
[[nodiscard]] std::string encode_tree_plan(const std::vector<TreeEntry>& entries);
/// Refuses paths that are absolute or lead upwards.
[[nodiscard]] Result<std::vector<TreeEntry>> decode_tree_plan(std::string_view text);

/// Whether a path, taken relative to some folder, names something inside it without any detour.
[[nodiscard]] bool is_inner_path(std::string_view path);

}  // namespace hd
