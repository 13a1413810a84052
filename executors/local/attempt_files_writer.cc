#include "executors/local/attempt_files_writer.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "executors/supervisor_protocol/attempt_files.h"
#include "executors/supervisor_protocol/attempt_spec.h"
#include "executors/supervisor_protocol/process_identity.h"

namespace hd {
namespace {

Error failure(const std::string& what) {
  return Error{what + ": " + std::strerror(errno), is_shortage(errno)};
}

bool make_folders(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return true;
  if (errno != ENOENT) return false;
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return false;
  return make_folders(path.substr(0, slash)) &&
         (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = ::write(fd, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace

Result<bool> prepare_attempt(const ChildRunSpec& spec) {
  if (spec.attempt_directory.empty() || spec.attempt_directory[0] != '/') {
    return Error{"the attempt directory '" + spec.attempt_directory + "' is not an absolute path"};
  }
  if (spec.argv.empty() || spec.argv[0].empty()) return Error{"there is no program to start"};
  if (!make_folders(spec.attempt_directory)) {
    return failure("cannot create the attempt directory " + spec.attempt_directory);
  }
  // A supervisor sees all of the spec or none: a crash here must not leave half of it.
  const std::string path = spec.attempt_directory + "/" + attempt_files::kSpec;
  const std::string temporary = path + ".tmp";
  const int fd =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return failure("cannot create " + temporary);
  const bool written = write_all(fd, encode_attempt_spec(spec));
  Error problem = failure("cannot write " + temporary);
  ::close(fd);
  if (!written) return problem;
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failure("cannot create " + path);
  return true;
}

}  // namespace hd
