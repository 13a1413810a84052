// A training script that a policy will cancel: reports a metric and measures how long it takes
// until SIGTERM arrives. `--role 0` is the good run the others are compared with. Prints
// nanoseconds.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

int main(int argc, char** argv) {
  long role = 0;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--role") == 0) role = std::strtol(argv[i + 1], nullptr, 10);
  }
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, nullptr);
  const int file = open(std::getenv("HDRIVE_METRICS"), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0) return 3;
  const char* line =
      role == 0 ? "{\"t\":\"m\",\"m\":{\"score\":1.0}}\n" : "{\"t\":\"m\",\"m\":{\"score\":0.1}}\n";
  usleep(50'000);  // the start of the run must not be part of the measurement
  timespec before{};
  timespec after{};
  clock_gettime(CLOCK_MONOTONIC, &before);
  if (write(file, line, std::strlen(line)) < 0) return 4;
  if (role == 0) return 0;
  const timespec limit{10, 0};
  if (sigtimedwait(&term, nullptr, &limit) != SIGTERM) return 5;
  clock_gettime(CLOCK_MONOTONIC, &after);
  const long nanoseconds =
      (after.tv_sec - before.tv_sec) * 1'000'000'000L + (after.tv_nsec - before.tv_nsec);
  if (FILE* out = std::fopen("outputs/latency.txt", "w")) {
    std::fprintf(out, "%ld\n", nanoseconds);
    std::fclose(out);
  }
  return 0;
}
