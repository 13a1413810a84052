#include "executors/supervisor/attempt_directory.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utility>

#include "engine/core/value.h"
#include "executors/supervisor_protocol/attempt_files.h"
#include "executors/supervisor_protocol/process_identity.h"

namespace hd {
namespace {

Error failure(const std::string& what) { return Error{what + ": " + std::strerror(errno)}; }

// An engine that looks whether the attempt lives holds the lock for an instant, so one refusal says
// little.
bool lock_patiently(int fd) {
  constexpr timespec kPause{0, 10'000'000};
  for (int attempt = 0; attempt < 20; ++attempt) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    ::nanosleep(&kPause, nullptr);
  }
  return false;
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

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

Result<AttemptDirectory> AttemptDirectory::open(const std::string& path, int& exit_code) {
  exit_code = attempt_files::kExitUnusable;
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return failure("cannot open the attempt directory " + path);
  const int lock =
      ::openat(directory, attempt_files::kLock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  AttemptDirectory opened(directory, lock);
  if (lock < 0) return failure("cannot create the lock in " + path);
  if (!lock_patiently(lock)) {
    exit_code = attempt_files::kExitClaimed;
    return failure("another supervisor holds the lock in " + path);
  }
  if (::faccessat(directory, attempt_files::kExit, F_OK, 0) == 0) {
    exit_code = attempt_files::kExitEnded;
    return Error{"the attempt in " + path + " has ended already"};
  }
  return opened;
}

AttemptDirectory::AttemptDirectory(AttemptDirectory&& other) noexcept
    : directory_(std::exchange(other.directory_, -1)), lock_(std::exchange(other.lock_, -1)) {}

AttemptDirectory::~AttemptDirectory() {
  if (lock_ >= 0) ::close(lock_);
  if (directory_ >= 0) ::close(directory_);
}

bool AttemptDirectory::claim(const std::string& nonce) {
  const int fd = ::openat(directory_,
                          attempt_files::kClaim,
                          O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                          0600);
  if (fd < 0) return false;
  std::string text = "{\"nonce\":";
  append_json_string(text, nonce);
  text += ",\"pid\":" + std::to_string(::getpid());
  text += ",\"start_time\":" + std::to_string(process_start_time(::getpid()));
  text += ",\"boot_id\":";
  append_json_string(text, boot_id());
  text += ",\"host\":";
  append_json_string(text, host_name());
  text += "}\n";
  // An unwritten claim claims all the same: its existence decides. Its content only helps to find
  // us.
  static_cast<void>(write_all(fd, text));
  ::close(fd);
  return true;
}

Result<std::string> AttemptDirectory::read_spec() const {
  const int fd = ::openat(directory_, attempt_files::kSpec, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return failure(std::string("cannot open ") + attempt_files::kSpec);
  std::string text;
  char buffer[16384];
  ssize_t got = 0;
  while ((got = ::read(fd, buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  if (got < 0) return failure(std::string("cannot read ") + attempt_files::kSpec);
  return text;
}

bool AttemptDirectory::is_removed() const {
  struct stat status {};
  return ::fstat(directory_, &status) == 0 && status.st_nlink == 0;
}

bool AttemptDirectory::write_exit(std::string_view record) const {
  const int fd = ::openat(directory_,
                          attempt_files::kExitTemporary,
                          O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                          0600);
  if (fd < 0) return false;
  const bool written = write_all(fd, record);
  return ::close(fd) == 0 && written &&
         ::renameat(directory_, attempt_files::kExitTemporary, directory_, attempt_files::kExit) ==
             0;
}

}  // namespace hd
