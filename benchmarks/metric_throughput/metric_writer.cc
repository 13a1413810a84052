// A training script that does nothing but report: `metric_writer --points N` writes N native metric
// lines as fast as it can, one write each, as the Python package does.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char** argv) {
  long points = 1000;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--points") == 0) points = std::strtol(argv[i + 1], nullptr, 10);
  }
  const char* path = std::getenv("HDRIVE_METRICS");
  if (path == nullptr) return 2;
  const int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0) return 3;
  char line[128];
  for (long i = 0; i < points; ++i) {
    const int length = std::snprintf(line,
                                     sizeof line,
                                     "{\"t\":\"m\",\"m\":{\"score\":%.6f},\"s\":%ld}\n",
                                     0.5 + 1e-6 * double(i),
                                     i);
    if (write(file, line, static_cast<size_t>(length)) != length) return 4;
  }
  return close(file) == 0 ? 0 : 5;
}
