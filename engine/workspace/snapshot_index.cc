#include "engine/workspace/snapshot_index.h"

#include <sstream>
#include <string_view>
#include <utility>

#include "engine/workspace/files.h"
#include "engine/workspace/identifiers.h"

namespace hd {
namespace {

constexpr const char* kHeader = "hdrive snapshot index 1";
constexpr std::size_t kFileLimit = std::size_t{512} << 20U;
// Beyond this the files of other source directories are forgotten.
constexpr std::size_t kRecordLimit = 500'000;
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

}  // namespace

std::string to_word(const std::string& path) {
  std::string word;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '%') {
      word += c;
    } else {
      word += '%';
      word += kHexDigits[byte >> 4U];
      word += kHexDigits[byte & 15U];
    }
  }
  return word;
}

std::optional<std::string> from_word(const std::string& word) {
  std::string path;
  for (std::size_t at = 0; at < word.size(); ++at) {
    if (word[at] != '%') {
      path += word[at];
      continue;
    }
    if (at + 2 >= word.size()) return std::nullopt;
    const std::size_t high = kHexDigits.find(word[at + 1]), low = kHexDigits.find(word[at + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    path += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return path;
}

SnapshotIndex::SnapshotIndex(std::string file) : file_(std::move(file)) {
  std::optional<std::string> content;
  try {
    content = read_file(file_, kFileLimit);
  } catch (const FileError&) {
    return;
  }
  std::istringstream lines(content.value_or(""));
  std::string line, path;
  if (!std::getline(lines, line) || line != kHeader) return;
  while (std::getline(lines, line)) {
    Record record;
    if (parse(line, path, record)) records_[path] = std::move(record);
  }
  if (records_.size() > kRecordLimit) records_.clear();
}

bool SnapshotIndex::parse(const std::string& line, std::string& path, Record& record) {
  std::istringstream words(line);
  std::string word;
  if (!(words >> record.size >> record.device >> record.inode >> record.modified_ns >>
        record.changed_ns >> record.sha256 >> word)) {
    return false;
  }
  auto decoded = from_word(word);
  if (!decoded || !is_valid_snapshot_id(record.sha256)) return false;
  path = std::move(*decoded);
  return true;
}

std::optional<std::string> SnapshotIndex::find(const std::string& path,
                                               const SourceEntry& entry) const {
  const auto found = records_.find(path);
  if (found == records_.end()) return std::nullopt;
  const Record& record = found->second;
  const bool same = record.size == entry.size && record.device == entry.device &&
                    record.inode == entry.inode && record.modified_ns == entry.modified_ns &&
                    record.changed_ns == entry.changed_ns;
  return same ? std::optional(record.sha256) : std::nullopt;
}

void SnapshotIndex::remember(const std::string& path,
                             const SourceEntry& entry,
                             std::string sha256) {
  records_[path] = {entry.size,
                    entry.device,
                    entry.inode,
                    entry.modified_ns,
                    entry.changed_ns,
                    std::move(sha256)};
  changed_ = true;
}

void SnapshotIndex::forget(const std::string& path) {
  if (records_.erase(path) != 0) changed_ = true;
}

void SnapshotIndex::save() {
  if (!changed_) return;
  std::ostringstream text;
  text << kHeader << '\n';
  for (const auto& [path, record] : records_) {
    text << record.size << ' ' << record.device << ' ' << record.inode << ' ' << record.modified_ns
         << ' ' << record.changed_ns << ' ' << record.sha256 << ' ' << to_word(path) << '\n';
  }
  replace_file(file_, text.str());
  changed_ = false;
}

}  // namespace hd
