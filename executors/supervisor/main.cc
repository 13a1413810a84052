// hdrive-supervisor <attempt directory>: runs one attempt of a child run (docs/supervisor.md).
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "executors/supervisor/attempt_directory.h"
#include "executors/supervisor/process_tree.h"
#include "executors/supervisor/supervision.h"
#include "executors/supervisor_protocol/attempt_files.h"
#include "executors/supervisor_protocol/attempt_spec.h"

namespace {

namespace files = hd::attempt_files;

int complain(const std::string& message, int code) {
  std::fprintf(stderr, "hdrive-supervisor: %s\n", message.c_str());
  return code;
}

// The engine's socket, if we were started with one. It must not reach the script.
int engine_descriptor() {
  struct stat status {};
  if (::fstat(files::kEngineDescriptor, &status) != 0 || !S_ISSOCK(status.st_mode)) return -1;
  ::fcntl(files::kEngineDescriptor, F_SETFD, FD_CLOEXEC);
  return files::kEngineDescriptor;
}

// Descriptors 0 to 2 must be something, or the files opened next would take their places.
void fill_standard_descriptors() {
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::open("/dev/null", O_RDWR)) {
    if (fd > 2) {
      ::close(fd);
      return;
    }
  }
}

int supervise_attempt(const std::string& path) {
  int code = files::kExitUnusable;
  auto directory = hd::AttemptDirectory::open(path, code);
  if (!directory) return complain(directory.error().message, code);
  const auto text = directory->read_spec();
  if (!text) return complain(text.error().message, files::kExitUnusable);
  const auto spec = hd::decode_attempt_spec(*text);
  if (!spec) return complain(spec.error().message, files::kExitUnusable);
  if (!directory->claim(spec->nonce)) {
    return complain("the attempt in " + path + " is claimed already", files::kExitClaimed);
  }
#ifdef HD_FAULT_POINTS
  // The supervisor itself is started without an environment.
  for (const auto& [name, value] : spec->environment) {
    if (name == "HDRIVE_FAULT") ::setenv(name.c_str(), value.c_str(), 1);
  }
#endif
  try {
    const bool recorded = hd::supervise(*directory, path, *spec, engine_descriptor());
    return recorded ? files::kExitSupervised : files::kExitUnusable;
  } catch (const std::exception& error) {
    return complain(error.what(), files::kExitUnusable);
  }
}

}  // namespace

int main(int argc, char** argv) {
  ::umask(077);
  hd::block_supervisor_signals();
  fill_standard_descriptors();
  ::setsid();  // fails where the starter has done it already
  hd::become_subreaper();
  if (argc != 2 || argv[1][0] != '/') {
    return complain("usage: hdrive-supervisor <absolute path of an attempt directory>", 64);
  }
  return supervise_attempt(argv[1]);
}
