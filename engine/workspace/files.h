#pragma once
#include <cstddef>
#include <dirent.h>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace hd {

/// The file system refused: read-only, full, not permitted, vanished. `what()` names what was being
/// done, the path, the system's reason and what to do about it; `code()` is the errno.
class FileError : public std::system_error {
 public:
  FileError(int error_number, const std::string& doing, std::string path);
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::string message_;
};

/// Owns a descriptor; closes it.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.descriptor_, -1));
    return *this;
  }
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  void reset(int descriptor = -1);

 private:
  int descriptor_ = -1;
};

/// For the stream of a folder in a unique_ptr.
struct CloseFolder {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

/// Creates one directory with mode 0700; one that exists is left as it is.
void make_directory(const std::string& path);
/// The same for `path` and every missing parent.
void make_directories(const std::string& path);

void write_all(int descriptor, std::string_view content, const std::string& path);

/// Replaces or creates a file (mode 0600) so that readers, and a machine that loses power, see
/// either the old content or the new one, whole.
void replace_file(const std::string& path, std::string_view content);

/// Content of a regular file; nullopt when it does not exist. Throws FileError when it cannot be
/// read, and with EFBIG when it is larger than `limit` bytes.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path, std::size_t limit);

/// Makes the entries of a directory durable.
void sync_directory(const std::string& path);

/// Removes a tree as far as possible; never throws and never follows a link.
void remove_tree(const std::string& path) noexcept;

}  // namespace hd
