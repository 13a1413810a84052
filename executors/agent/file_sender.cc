#include "executors/agent/file_sender.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include "executors/agent_protocol/frame.h"
#include "executors/supervisor_protocol/attempt_files.h"

namespace hd {
namespace {

constexpr std::array<const char*, 2> kLogs = {attempt_files::kStdout, attempt_files::kStderr};

int open_file(const std::string& path) {
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

std::string read_part(int file, std::int64_t offset) {
  std::string part(kFilePart, '\0');
  const ssize_t got = ::pread(file, part.data(), part.size(), offset);
  part.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return part;
}

bool is_executable(int file) {
  struct stat status {};
  return ::fstat(file, &status) == 0 && (status.st_mode & 0100U) != 0;
}

}  // namespace

FileSender::~FileSender() {
  for (const Job& job : jobs_) {
    if (job.file >= 0) ::close(job.file);
  }
}

void FileSender::follow_logs(Key attempt,
                             std::string directory,
                             std::array<std::int64_t, 2> sizes) {
  followed_[attempt] = {std::move(directory), sizes};
}

void FileSender::forget(Key attempt) { followed_.erase(attempt); }

void FileSender::send_logs() {
  for (auto& [attempt, followed] : followed_) {
    for (std::size_t which = 0; which < kLogs.size(); ++which) {
      if (!outlet_.has_room()) return;
      (void)send_log(attempt, followed, which);
    }
  }
}

int FileSender::send_log(Key attempt, Followed& followed, std::size_t which, bool even_if_empty) {
  const int file = open_file(followed.directory + "/" + kLogs[which]);
  if (file < 0) return 0;
  const std::string part = read_part(file, followed.sent[which]);
  ::close(file);
  if (part.empty() && !even_if_empty) return 0;
  outlet_.send(encode_frame({{"re", "log"},
                             {"child", attempt.first},
                             {"attempt", attempt.second},
                             {"log", which},
                             {"offset", followed.sent[which]}},
                            part));
  followed.sent[which] += static_cast<std::int64_t>(part.size());
  return static_cast<int>(part.size());
}

void FileSender::send_all(Key attempt) {
  const auto followed = followed_.find(attempt);
  if (followed == followed_.end()) return send_nothing(attempt);
  // Also where nothing was printed, there is a file.
  for (std::size_t which = 0; which < kLogs.size(); ++which) {
    (void)send_log(attempt, followed->second, which, true);
  }
  Job job;
  job.attempt = attempt;
  job.directory = followed->second.directory;
  for (const char* name : {attempt_files::kSpec, attempt_files::kMetrics, attempt_files::kStream}) {
    list_item(job, name);
  }
  list_item(job, std::string(attempt_files::kWork) + "/outputs");
  list_item(job, std::string(attempt_files::kWork) + "/logs");
  // Last: where the engine has the claim, it has everything.
  list_item(job, attempt_files::kExit);
  list_item(job, attempt_files::kClaim);
  jobs_.push_back(std::move(job));
  pump();
}

void FileSender::list_item(Job& job, const std::string& path) {
  struct stat status {};
  if (::lstat((job.directory + "/" + path).c_str(), &status) != 0) return;
  if (S_ISREG(status.st_mode)) job.items.push_back({'f', path});
  if (S_ISLNK(status.st_mode)) job.items.push_back({'l', path});
  if (S_ISDIR(status.st_mode)) {
    job.items.push_back({'d', path});
    list_folder(job, path);
  }
}

void FileSender::list_folder(Job& job, const std::string& path) {
  DIR* folder = ::opendir((job.directory + "/" + path).c_str());
  if (folder == nullptr) {
    if (job.problem.empty()) job.problem = path + ": " + std::strerror(errno);
    return;
  }
  while (const dirent* entry = ::readdir(folder)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") list_item(job, path + "/" + name);
  }
  ::closedir(folder);
}

void FileSender::pump() {
  while (!jobs_.empty() && outlet_.has_room()) {
    Job& job = jobs_.front();
    const auto followed = followed_.find(job.attempt);
    // What was printed comes first, from where it was followed to.
    if (followed != followed_.end() && job.file < 0 &&
        send_log(job.attempt, followed->second, 0) + send_log(job.attempt, followed->second, 1) >
            0) {
      continue;
    }
    if (send_next(job)) continue;
    end(job.attempt, job.problem);
    jobs_.pop_front();
  }
}

void FileSender::end(Key attempt, const std::string& problem) {
  outlet_.send(encode_frame({{"re", "sent"},
                             {"child", attempt.first},
                             {"attempt", attempt.second},
                             {"problem", problem}}));
}

// False when there is nothing left to send.
bool FileSender::send_next(Job& job) {
  if (job.items.empty()) return false;
  const Item& item = job.items.front();
  const std::string path = job.directory + "/" + item.path;
  if (item.kind == 'f') {
    if (job.file < 0) job.file = open_file(path);
    if (job.file >= 0) {
      const std::string part = read_part(job.file, job.offset);
      const bool is_last = part.size() < kFilePart;
      send_part(job, item, part, is_last);
      job.offset += static_cast<std::int64_t>(part.size());
      if (!is_last) return true;
      ::close(std::exchange(job.file, -1));
    } else if (job.problem.empty()) {
      job.problem = item.path + ": " + std::strerror(errno);
    }
  } else if (item.kind == 'l') {
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    if (size > 0) send_part(job, item, {target.data(), static_cast<std::size_t>(size)}, true);
  } else {
    send_part(job, item, {}, true);
  }
  job.offset = 0;
  job.items.pop_front();
  return true;
}

// The path goes into the body: it may hold any bytes.
void FileSender::send_part(const Job& job,
                           const Item& item,
                           std::string_view content,
                           bool is_last) {
  std::string body = item.path;
  body += content;
  outlet_.send(encode_frame({{"re", "part"},
                             {"child", job.attempt.first},
                             {"attempt", job.attempt.second},
                             {"kind", std::string(1, item.kind)},
                             {"executable", job.file >= 0 && is_executable(job.file)},
                             {"offset", job.offset},
                             {"path", item.path.size()},
                             {"last", is_last}},
                            body));
}

}  // namespace hd
