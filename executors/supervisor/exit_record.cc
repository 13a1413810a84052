#include "executors/supervisor/exit_record.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "engine/core/value.h"

namespace hd {

ExitStatus exit_of_script(int status,
                          std::int64_t ended_us,
                          const std::optional<std::int64_t>& passed_limit) {
  ExitStatus exit;
  if (WIFSIGNALED(status)) {
    exit.kind = ExitStatus::Kind::kSignaled;
    exit.code = WTERMSIG(status);
  } else {
    exit.code = WEXITSTATUS(status);
  }
  if (passed_limit) {
    exit.message =
        "the time limit of " + std::to_string(*passed_limit) + " s passed; the script was stopped";
    exit.kind = ExitStatus::Kind::kTimeLimit;
  }
  exit.time_us = ended_us;
  return exit;
}

void add_usage(ExitStatus& exit) {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  exit.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  exit.max_resident_bytes = std::int64_t{usage.ru_maxrss} * 1024;
}

std::string exit_members(const ExitStatus& exit) {
  const char* kind = "exited";
  if (exit.kind == ExitStatus::Kind::kSignaled) kind = "signaled";
  if (exit.kind == ExitStatus::Kind::kNotStarted) kind = "not_started";
  if (exit.kind == ExitStatus::Kind::kTimeLimit) kind = "time_limit";
  std::string out = std::string("\"kind\":\"") + kind + "\",\"code\":" + std::to_string(exit.code);
  out += ",\"message\":";
  append_json_string(out, exit.message);
  out += ",\"log_tail\":";
  append_json_string(out, exit.log_tail);
  out += ",\"cpu_seconds\":" + format_number(exit.cpu_seconds);
  out += ",\"max_resident_bytes\":" + std::to_string(exit.max_resident_bytes);
  out += ",\"t\":" + std::to_string(exit.time_us);
  return out;
}

}  // namespace hd
