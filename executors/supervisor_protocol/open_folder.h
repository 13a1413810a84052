#pragma once
#include <dirent.h>

namespace hd {

/// Reads the entries of a folder.
class OpenFolder {
 public:
  /// Takes over the descriptor.
  explicit OpenFolder(int descriptor);
  ~OpenFolder();
  OpenFolder(const OpenFolder&) = delete;
  OpenFolder& operator=(const OpenFolder&) = delete;

  [[nodiscard]] bool is_open() const { return folder_ != nullptr; }
  [[nodiscard]] int descriptor() const;
  /// The next entry but "." and ".."; nullptr behind the last one.
  [[nodiscard]] const dirent* next() const;

 private:
  DIR* folder_;
};

/// Removes a file, link or folder with everything in it. Links are removed, never followed. False,
/// with errno set, when something is left.
[[nodiscard]] bool remove_entry(int folder, const char* name);

/// Removes what is inside the folder, whose descriptor is taken over.
[[nodiscard]] bool empty_folder(int descriptor);

}  // namespace hd
