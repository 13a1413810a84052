#include "engine/workspace/source_tree.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <climits>

#include "engine/core/error.h"
#include "engine/workspace/files.h"
#include "engine/workspace/identifiers.h"
#include "engine/workspace/ignore_rules.h"

namespace hd {
namespace {

constexpr std::size_t kIgnoreFileLimit = std::size_t{16} << 20U;
constexpr std::size_t kLargestShown = 3;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::string megabytes(std::uint64_t bytes) {
  return std::to_string((bytes + 500'000) / 1'000'000) + " MB";
}

bool is_within(const std::string& path, const std::string& root) {
  return path == root || root == "/" ||
         (path.size() > root.size() && path.compare(0, root.size(), root) == 0 &&
          path[root.size()] == '/');
}

/// Whether `target`, written in a link of the folder `directory` (relative to the root), climbs out
/// of the root, by its text alone.
bool climbs_out(const std::string& directory, const std::string& target) {
  if (!target.empty() && target[0] == '/') return true;
  int depth = directory.empty()
                  ? 0
                  : 1 + static_cast<int>(std::count(directory.begin(), directory.end(), '/'));
  for (std::size_t at = 0; at <= target.size();) {
    const std::size_t end = std::min(target.find('/', at), target.size());
    const std::string part = target.substr(at, end - at);
    if (part == "..") {
      if (--depth < 0) return true;
    } else if (!part.empty() && part != ".") {
      ++depth;
    }
    at = end + 1;
  }
  return false;
}

/// A link target from the folder `directory` to `inside`, both relative to the root.
std::string way_to(const std::string& directory, const std::string& inside) {
  std::string way;
  if (!directory.empty()) {
    way = "../";
    for (const char c : directory) {
      if (c == '/') way += "../";
    }
  }
  way += inside;
  if (way.empty()) way = ".";
  return way;
}

class Walk {
 public:
  Walk(const std::string& root, const SourceLimits& limits) : root_(root), limits_(limits) {}

  SourceTree run() {
    pending_.push_back({"", nullptr});
    while (!pending_.empty()) {
      const Folder folder = std::move(pending_.back());
      pending_.pop_back();
      visit(folder);
    }
    std::sort(tree_.entries.begin(), tree_.entries.end(), [](const auto& a, const auto& b) {
      return a.path < b.path;
    });
    if (tree_.bytes > limits_.warn_bytes || tree_.file_count > limits_.warn_files) {
      tree_.warnings.push_back(size_text() + "; more than " + megabytes(limits_.warn_bytes) +
                               " or " + std::to_string(limits_.warn_files) +
                               " files make every child run slow to start" + largest_text());
    }
    return std::move(tree_);
  }

 private:
  struct Folder {
    std::string path;
    std::shared_ptr<const IgnoreRules> above;
  };

  [[nodiscard]] std::string absolute(const std::string& path) const {
    return path.empty() ? root_ : (root_ == "/" ? "" : root_) + "/" + path;
  }

  void visit(const Folder& folder) {
    const std::string directory = absolute(folder.path);
    std::vector<std::string> names;
    const std::unique_ptr<DIR, CloseFolder> stream(::opendir(directory.c_str()));
    if (!stream) throw unreadable(directory);
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
      errno = 0;
    }
    if (errno != 0) throw unreadable(directory);
    const auto rules =
        IgnoreRules::in_folder(folder.above, folder.path, ignore_text(directory, names));
    for (const std::string& name : names) {
      if (name != ".git" && name != ".hdrive") consider(folder.path, name, rules);
    }
  }

  static FileError unreadable(const std::string& path) {
    return {errno, "read (list it in .amlignore when no child run needs it)", path};
  }

  std::string ignore_text(const std::string& directory, const std::vector<std::string>& names) {
    const auto has = [&names](const char* name) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    for (const char* name : {".amlignore", ".gitignore"}) {
      if (!has(name)) continue;
      const std::string file = directory + "/" + name;
      struct stat status {};
      if (::lstat(file.c_str(), &status) != 0) continue;
      const bool is_link = S_ISLNK(status.st_mode);
      // git does not follow a .gitignore that is a link; an .amlignore is often one to .gitignore.
      if (is_link && std::string_view(name) == ".gitignore") {
        tree_.warnings.push_back(file + " is a link, which git does not read either: not used");
        continue;
      }
      if (is_link && ::stat(file.c_str(), &status) != 0) continue;
      if (!S_ISREG(status.st_mode)) continue;
      return read_file(file, kIgnoreFileLimit).value_or("");
    }
    return {};
  }

  void consider(const std::string& directory,
                const std::string& name,
                const std::shared_ptr<const IgnoreRules>& rules) {
    SourceEntry entry;
    entry.path = directory.empty() ? name : directory + "/" + name;
    struct stat status {};
    if (::lstat(absolute(entry.path).c_str(), &status) != 0) {
      if (errno == ENOENT) return;  // removed since it was listed
      throw unreadable(absolute(entry.path));
    }
    if (rules->excludes(entry.path, S_ISDIR(status.st_mode))) return;
    set_status(entry, status);
    if (S_ISDIR(status.st_mode)) {
      entry.kind = SourceEntry::Kind::kDirectory;
      pending_.push_back({entry.path, rules});
      tree_.entries.push_back(std::move(entry));
    } else if (S_ISLNK(status.st_mode)) {
      consider_link(directory, std::move(entry));
    } else if (S_ISREG(status.st_mode)) {
      add_file(std::move(entry));
    } else {
      tree_.warnings.push_back(entry.path +
                               " is no regular file (a socket, pipe or device): left out");
    }
  }

  void consider_link(const std::string& directory, SourceEntry entry) {
    const std::string file = absolute(entry.path);
    char text[PATH_MAX];
    const ssize_t length = ::readlink(file.c_str(), text, sizeof text);
    if (length < 0) throw unreadable(file);
    entry.target.assign(text, static_cast<std::size_t>(length));
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(file.c_str(), nullptr),
                                                           &std::free);
    const bool climbs = climbs_out(directory, entry.target);
    const bool inside = real && is_within(real.get(), root_);
    if (inside || (!real && !climbs)) {
      entry.kind = SourceEntry::Kind::kLink;
      // Written absolutely, or by way of the outside, it would lead out of a child's own copy.
      if (climbs) {
        const std::string real_path = real.get();
        entry.target =
            way_to(directory, real_path == root_ ? "" : real_path.substr(absolute("x").size() - 1));
      }
      tree_.entries.push_back(std::move(entry));
      return;
    }
    struct stat status {};
    if (!real || ::stat(file.c_str(), &status) != 0) {
      tree_.warnings.push_back(entry.path + " is a link to " + quoted(entry.target) +
                               ", which does not exist: left out");
    } else if (!S_ISREG(status.st_mode)) {
      tree_.warnings.push_back(entry.path + " is a link to " + quoted(entry.target) +
                               " outside the source directory, which is no regular file: left out; "
                               "copy it into the source directory or give its path to the script");
    } else {
      set_status(entry, status);
      entry.followed = true;
      entry.target.clear();
      add_file(std::move(entry));
    }
  }

  void add_file(SourceEntry entry) {
    tree_.file_count += 1;
    tree_.bytes += entry.size;
    auto& [bytes, files] = parts_[entry.path.substr(0, entry.path.find('/'))];
    bytes += entry.size;
    files += 1;
    tree_.entries.push_back(std::move(entry));
    const bool refused =
        tree_.bytes > limits_.refuse_bytes || tree_.file_count > limits_.refuse_files;
    if (refused && !limits_.allow_large) {
      throw UsageError(size_text() + " so far; the limit is " + megabytes(limits_.refuse_bytes) +
                           " or " + std::to_string(limits_.refuse_files) + " files" +
                           largest_text(),
                       "name the folder of the script with --source-directory, or list data and "
                       "results in .amlignore");
    }
  }

  [[nodiscard]] std::string size_text() const {
    return "the source directory " + root_ + " has " + std::to_string(tree_.file_count) +
           " files, " + megabytes(tree_.bytes);
  }

  [[nodiscard]] std::string largest_text() const {
    std::vector<std::pair<std::string, std::pair<std::uint64_t, std::uint64_t>>> parts(
        parts_.begin(), parts_.end());
    const std::size_t shown = std::min(kLargestShown, parts.size());
    std::partial_sort(parts.begin(),
                      parts.begin() + static_cast<std::ptrdiff_t>(shown),
                      parts.end(),
                      [](const auto& a, const auto& b) { return a.second > b.second; });
    std::string text = " (largest: ";
    for (std::size_t i = 0; i < shown; ++i) {
      const auto& [name, sizes] = parts[i];
      text += (i == 0 ? "" : ", ") + name + " with " + megabytes(sizes.first) + " in " +
              std::to_string(sizes.second) + (sizes.second == 1 ? " file" : " files");
    }
    return text + "; leave out what no child run needs with .amlignore)";
  }

  const std::string& root_;
  const SourceLimits& limits_;
  std::vector<Folder> pending_;  // a list, not recursion: the depth is the user's
  SourceTree tree_;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> parts_;  // bytes, files
};

}  // namespace

void set_status(SourceEntry& entry, const struct stat& status) {
  entry.mode = status.st_mode & 0777U;
  entry.size = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
  entry.device = status.st_dev;
  entry.inode = status.st_ino;
  entry.modified_ns = nanoseconds(status.st_mtim);
  entry.changed_ns = nanoseconds(status.st_ctim);
}

SourceTree list_source_tree(const std::string& directory, const SourceLimits& limits) {
  return Walk(directory, limits).run();
}

}  // namespace hd
