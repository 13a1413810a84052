#include "executors/supervisor_protocol/open_folder.h"

#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace hd {

OpenFolder::OpenFolder(int descriptor) : folder_(::fdopendir(descriptor)) {
  if (folder_ == nullptr && descriptor >= 0) ::close(descriptor);
}

OpenFolder::~OpenFolder() {
  if (folder_ != nullptr) ::closedir(folder_);
}

int OpenFolder::descriptor() const { return folder_ == nullptr ? -1 : ::dirfd(folder_); }

const dirent* OpenFolder::next() const {
  while (const dirent* entry = folder_ == nullptr ? nullptr : ::readdir(folder_)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return entry;
  }
  return nullptr;
}

bool remove_entry(int folder, const char* name) {
  if (::unlinkat(folder, name, 0) == 0 || errno == ENOENT) return true;
  if (errno != EISDIR && errno != EPERM) return false;
  const int inner = ::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return inner >= 0 && empty_folder(inner) && ::unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

bool empty_folder(int descriptor) {
  const OpenFolder folder(descriptor);
  bool good = folder.is_open();
  while (const dirent* entry = folder.next()) {
    good = remove_entry(folder.descriptor(), entry->d_name) && good;
  }
  return good;
}

}  // namespace hd
