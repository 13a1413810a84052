#include "executors/supervisor/working_copy.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "executors/supervisor_protocol/attempt_files.h"
#include "executors/supervisor_protocol/open_folder.h"
#include "executors/supervisor_protocol/process_identity.h"

namespace hd {
namespace {

constexpr int kDeepest = 200;  ///< folders in folders; each level holds two descriptors

constexpr const char* kOutputs = "outputs";

class Copier {
 public:
  // Takes over both descriptors.
  bool copy_folder(int from, int to, const std::string& path, int depth) {
    DIR* folder = ::fdopendir(from);
    if (folder == nullptr) {
      ::close(from);
      ::close(to);
      return fail("read", path);
    }
    bool good = depth < kDeepest;
    if (!good) problem_ = "cannot copy " + path + ": folders are nested deeper than 200";
    while (good) {
      errno = 0;
      const dirent* entry = ::readdir(folder);
      if (entry == nullptr) {
        if (errno != 0) good = fail("read", path);
        break;
      }
      const std::string name = entry->d_name;
      const bool left_out = depth == 0 && name == left_out_;
      if (name != "." && name != ".." && !left_out) {
        good = copy_entry(from, to, name, entry->d_type, path + "/" + name, depth);
      }
    }
    ::closedir(folder);
    ::close(to);
    return good;
  }

  // An entry of the outermost folder that is not copied.
  void leave_out(std::string name) { left_out_ = std::move(name); }

  /// `what` could not be done, and why.
  [[nodiscard]] Error problem(const std::string& what) const {
    return {what + ": " + problem_, is_short_};
  }

  bool copy_entry(int from,
                  int to,
                  const std::string& name,
                  unsigned char type,
                  const std::string& path,
                  int depth) {
    if (type == DT_UNKNOWN) {
      struct stat status {};
      if (::fstatat(from, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
        return fail("read", path);
      type = IFTODT(status.st_mode);
    }
    switch (type) {
      case DT_REG:
        return copy_file(from, to, name, path);
      case DT_LNK:
        return copy_link(from, to, name, path);
      case DT_DIR: {
        const int inner_from =
            ::openat(from, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner_from < 0) return fail("open", path);
        if (::mkdirat(to, name.c_str(), 0700) != 0) {
          ::close(inner_from);
          return fail("create the copy of", path);
        }
        const int inner_to =
            ::openat(to, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner_to < 0) {
          ::close(inner_from);
          return fail("open the copy of", path);
        }
        return copy_folder(inner_from, inner_to, path, depth + 1);
      }
      default:
        return true;  // pipes, sockets, devices: no part of a source folder
    }
  }

 private:
  bool fail(const char* what, const std::string& path) {
    is_short_ = is_shortage(errno);
    problem_ = std::string("cannot ") + what + " " + path + ": " + std::strerror(errno);
    return false;
  }

  bool copy_link(int from, int to, const std::string& name, const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlinkat(from, name.c_str(), target.data(), target.size() - 1);
    if (length < 0) return fail("read the link", path);
    if (::symlinkat(target.data(), to, name.c_str()) != 0) return fail("create the link", path);
    return true;
  }

  bool copy_file(int from, int to, const std::string& name, const std::string& path) {
    const int in = ::openat(from, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0) return fail("open", path);
    struct stat status {};
    if (::fstat(in, &status) != 0) {
      ::close(in);
      return fail("read", path);
    }
    const mode_t mode = (status.st_mode & 0700U) | 0600U;
    const int out =
        ::openat(to, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (out < 0) {
      ::close(in);
      return fail("create the copy of", path);
    }
    const bool good = copy_bytes(in, out, status.st_size);
    if (!good) fail("copy", path);
    ::close(in);
    if (::close(out) != 0 && good) return fail("copy", path);
    return good;
  }

  // copy_file_range shares the data on file systems that can and copies inside the kernel
  // elsewhere.
  bool copy_bytes(int in, int out, off_t size) {
    while (size > 0) {
      const ssize_t done =
          ::copy_file_range(in, nullptr, out, nullptr, static_cast<std::size_t>(size), 0);
      if (done == 0) return true;  // the snapshot's file became shorter
      if (done < 0) {
        if (errno == EINTR) continue;
        if (errno == ENOSPC || errno == EDQUOT || errno == EIO) return false;
        return copy_bytes_by_hand(in, out);
      }
      size -= done;
    }
    return true;
  }

  bool copy_bytes_by_hand(int in, int out) {
    std::vector<char> buffer(std::size_t{1} << 16);
    for (;;) {
      const ssize_t got = ::read(in, buffer.data(), buffer.size());
      if (got == 0) return true;
      if (got < 0) {
        if (errno == EINTR) continue;
        return false;
      }
      for (ssize_t put = 0; put < got;) {
        const ssize_t done = ::write(out, buffer.data() + put, static_cast<std::size_t>(got - put));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        put += done;
      }
    }
  }

  std::string left_out_;
  std::string problem_;
  bool is_short_ = false;
};

Error failure(const std::string& what) {
  return Error{what + ": " + std::strerror(errno), is_shortage(errno)};
}

// What a try that came to nothing for want of room has left. No script has seen it.
bool make_empty_folder(int attempt) {
  if (::mkdirat(attempt, attempt_files::kWork, 0700) == 0) return true;
  if (errno != EEXIST) return false;
  const int work =
      ::openat(attempt, attempt_files::kWork, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return work >= 0 && empty_folder(work);
}

std::optional<Error> copy_snapshot(int work, const std::string& snapshot, bool without_outputs) {
  const int from = ::open(snapshot.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int to = from < 0 ? -1 : ::fcntl(work, F_DUPFD_CLOEXEC, 0);
  if (to < 0) {
    Error error = failure("cannot open the snapshot " + snapshot);
    if (from >= 0) ::close(from);
    return error;
  }
  Copier copier;
  if (without_outputs) copier.leave_out(kOutputs);
  if (copier.copy_folder(from, to, snapshot, 0)) return std::nullopt;
  return copier.problem("cannot make the working copy of the snapshot");
}

/// A script may have put a link in the place of its folder: then the link is what is copied.
std::optional<Error> copy_outputs(int work, const std::string& earlier) {
  const std::string folder = earlier.substr(0, earlier.rfind('/'));
  const int from = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (from < 0) return failure("cannot open " + folder + ", whose outputs are to be gone on from");
  Copier copier;
  const std::string name = earlier.substr(earlier.rfind('/') + 1);
  const bool copied = copier.copy_entry(from, work, name, DT_UNKNOWN, earlier, 0);
  ::close(from);
  if (copied) return std::nullopt;
  return copier.problem("cannot copy the outputs to go on from");
}

}  // namespace

Result<int> make_working_copy(int attempt,
                              const std::string& snapshot,
                              const std::string& earlier_outputs) {
  if (!make_empty_folder(attempt)) return failure("cannot create the working folder");
  const int work =
      ::openat(attempt, attempt_files::kWork, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (work < 0) return failure("cannot open the working folder");
  std::optional<Error> problem;
  if (!snapshot.empty()) problem = copy_snapshot(work, snapshot, !earlier_outputs.empty());
  if (!problem && !earlier_outputs.empty()) problem = copy_outputs(work, earlier_outputs);
  for (const char* folder : {kOutputs, "logs"}) {
    if (!problem && ::mkdirat(work, folder, 0700) != 0 && errno != EEXIST) {
      problem = failure(std::string("cannot create the folder ") + folder);
    }
  }
  if (!problem) return work;
  // Half a copy must not take the room that the history needs to say so.
  static_cast<void>(empty_folder(work));
  return *problem;
}

}  // namespace hd
