#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hd {

struct ArtifactEntry {
  std::string name;
  bool is_folder = false;
  std::int64_t size = 0;
};

/// A file on its way into an ArtifactFolder: written under another name, seen once it is complete.
/// Destroyed before `finish` it leaves nothing.
class ArtifactFile {
 public:
  ArtifactFile(ArtifactFile&& other) noexcept;
  ArtifactFile& operator=(ArtifactFile&&) = delete;
  ~ArtifactFile();
  void write(std::string_view bytes);
  /// Puts the file at its place, instead of one that was there. Throws TrackingError, also for what
  /// could not be written.
  void finish();

 private:
  friend class ArtifactFolder;
  ArtifactFile() = default;

  int file_ = -1;
  int temporary_folder_ = -1;  ///< the ArtifactFolder's
  std::string temporary_name_;
  int folder_ = -1;
  std::string name_;
  int problem_ = 0;  ///< errno of the first write that failed
};

/// The files of a run, by paths that come from requests: everything below one folder of its
/// working directory, and nothing else. A path is relative, has no "..", and each of its parts is
/// opened by itself without following links. All members throw TrackingError for a path that leads
/// elsewhere and for what the file system refuses.
class ArtifactFolder {
 public:
  static constexpr std::size_t kMostEntries = 100'000;  ///< of one listing

  /// `work`: the open working directory; `temporary`: an open folder on the same file system, of no
  /// concern to the script; both are duplicated. `root`: the one folder.
  ArtifactFolder(int work, int temporary, std::string root = "outputs");
  ~ArtifactFolder();
  ArtifactFolder(const ArtifactFolder&) = delete;
  ArtifactFolder& operator=(const ArtifactFolder&) = delete;

  /// Begins a file; the folders above it are made when it is complete.
  [[nodiscard]] ArtifactFile create(std::string_view path);
  /// Opens a regular file for reading; the caller closes it.
  [[nodiscard]] int open(std::string_view path) const;
  /// What lies in the folder, sorted by name; nothing when there is none.
  [[nodiscard]] std::vector<ArtifactEntry> list(std::string_view path) const;
  /// Removes a file, or a folder with everything in it; a link itself. Nothing there is no error.
  void remove(std::string_view path);
  /// Whether a file or folder is there.
  [[nodiscard]] bool holds(std::string_view path) const;

 private:
  int work_;
  int temporary_;
  std::string root_;
  std::uint64_t created_ = 0;
};

/// The parts of a path that stays inside, "." and empty ones left out. Throws TrackingError for
/// others.
[[nodiscard]] std::vector<std::string> artifact_path_parts(std::string_view path);

}  // namespace hd
