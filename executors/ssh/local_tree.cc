#include "executors/ssh/local_tree.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include "engine/workspace/sha256.h"

namespace hd {
namespace {

Error failure(const std::string& doing, const std::string& path) {
  return Error{"cannot " + doing + " " + path + ": " + std::strerror(errno)};
}

class Lister {
 public:
  Lister(std::string base, bool with_hashes)
      : base_(std::move(base)), with_hashes_(with_hashes), buffer_(std::size_t{1} << 18U) {}

  Result<bool> list_folder(const std::string& path) {
    const std::string full = path.empty() ? base_ : base_ + "/" + path;
    DIR* folder = ::opendir(full.c_str());
    if (folder == nullptr) return failure("open", full);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(folder)) names.emplace_back(entry->d_name);
    ::closedir(folder);
    std::sort(names.begin(), names.end());  // the same content gives the same list
    for (const std::string& name : names) {
      // Python writes these by itself; they are no part of a program.
      if (name == "." || name == ".." || (with_hashes_ && name == "__pycache__")) continue;
      if (auto listed = list_entry(path.empty() ? name : path + "/" + name); !listed) {
        return listed;
      }
    }
    return true;
  }

  Result<bool> list_entry(const std::string& path) {
    const std::string full = base_ + "/" + path;
    struct stat status {};
    if (::lstat(full.c_str(), &status) != 0) return failure("read", full);
    TreeEntry entry;
    entry.path = path;
    if (S_ISDIR(status.st_mode)) {
      entry.kind = TreeEntry::Kind::kDirectory;
      entries_.push_back(std::move(entry));
      return list_folder(path);
    }
    if (S_ISLNK(status.st_mode)) {
      std::array<char, PATH_MAX> target{};
      const ssize_t size = ::readlink(full.c_str(), target.data(), target.size());
      if (size < 0) return failure("read the link", full);
      entry.kind = TreeEntry::Kind::kLink;
      entry.target.assign(target.data(), static_cast<std::size_t>(size));
      entries_.push_back(std::move(entry));
    } else if (S_ISREG(status.st_mode)) {
      entry.executable = (status.st_mode & 0100U) != 0;
      entry.size = static_cast<std::uint64_t>(status.st_size);
      if (with_hashes_) {
        if (auto hashed = hash(full, entry); !hashed) return hashed;
      }
      entries_.push_back(std::move(entry));
    }
    return true;
  }

  std::vector<TreeEntry> entries() { return std::move(entries_); }

 private:
  Result<bool> hash(const std::string& file, TreeEntry& entry) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) return failure("open", file);
    Sha256 sum;
    ssize_t got = 0;
    entry.size = 0;
    while ((got = ::read(descriptor, buffer_.data(), buffer_.size())) > 0) {
      sum.add({buffer_.data(), static_cast<std::size_t>(got)});
      entry.size += static_cast<std::uint64_t>(got);
    }
    ::close(descriptor);
    if (got < 0) return failure("read", file);
    entry.sha256 = sum.finish();
    return true;
  }

  std::string base_;
  bool with_hashes_;
  std::vector<char> buffer_;
  std::vector<TreeEntry> entries_;
};

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

Result<LocalTree> shared_tree(const std::string& base, const std::string& parent) {
  Lister lister(base, true);
  if (auto listed = lister.list_folder(""); !listed) return listed.error();
  LocalTree tree;
  tree.base = base;
  tree.entries = std::make_shared<const std::vector<TreeEntry>>(lister.entries());
  std::string id = name_of(base);
  if (!is_sha256(id)) {
    Sha256 sum;
    sum.add(encode_tree_plan(*tree.entries));
    id = sum.finish();
  }
  tree.folder = parent + "/" + id;
  return tree;
}

Result<LocalTree> single_tree(const std::string& path, const std::string& folder) {
  LocalTree tree;
  tree.base = path.substr(0, path.rfind('/'));
  tree.folder = folder;
  Lister lister(tree.base, false);
  if (auto listed = lister.list_entry(name_of(path)); !listed) return listed.error();
  tree.entries = std::make_shared<const std::vector<TreeEntry>>(lister.entries());
  return tree;
}

}  // namespace hd
