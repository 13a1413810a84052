#include "executors/agent_protocol/tree_plan.h"

#include <charconv>

namespace hd {
namespace {

bool take_text(std::string_view& rest, std::string& text) {
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos) return false;
  text.assign(rest.substr(0, end));
  rest.remove_prefix(end + 1);
  return true;
}

bool is_content_name(std::string_view text) {
  return text.empty() ||
         (text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos);
}

}  // namespace

std::string encode_tree_plan(const std::vector<TreeEntry>& entries) {
  std::string text;
  for (const TreeEntry& entry : entries) {
    text += static_cast<char>(entry.kind);
    text += entry.executable ? 'x' : '-';
    for (const std::string& part :
         {entry.path, entry.target, std::to_string(entry.size), entry.sha256}) {
      text += part;
      text += '\0';
    }
  }
  return text;
}

Result<std::vector<TreeEntry>> decode_tree_plan(std::string_view text) {
  std::vector<TreeEntry> entries;
  while (!text.empty()) {
    TreeEntry& entry = entries.emplace_back();
    const char kind = text[0];
    if (text.size() < 2 || (kind != 'd' && kind != 'l' && kind != 'f')) {
      return Error{"the list of a folder to be made is damaged"};
    }
    entry.kind = static_cast<TreeEntry::Kind>(kind);
    entry.executable = text[1] == 'x';
    text.remove_prefix(2);
    std::string size;
    if (!take_text(text, entry.path) || !take_text(text, entry.target) || !take_text(text, size) ||
        !take_text(text, entry.sha256)) {
      return Error{"the list of a folder to be made is cut short"};
    }
    const auto read = std::from_chars(size.data(), size.data() + size.size(), entry.size);
    if (read.ec != std::errc{} || !is_inner_path(entry.path) || !is_content_name(entry.sha256)) {
      return Error{"the list of a folder to be made names '" + entry.path +
                   "', which cannot be part of it"};
    }
  }
  return entries;
}

bool is_inner_path(std::string_view path) {
  if (path.empty()) return false;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
  return false;  // ends with a slash
}

}  // namespace hd
