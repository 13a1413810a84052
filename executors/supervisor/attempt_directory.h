#pragma once
#include <string>
#include <string_view>

#include "engine/core/result.h"

namespace hd {

/// An attempt's directory, as its supervisor uses it. The lock is held as long as this object
/// lives.
class AttemptDirectory {
 public:
  /// Opens the directory and takes its lock. `exit_code` receives what the supervisor should exit
  /// with when that is not possible (attempt_files.h).
  [[nodiscard]] static Result<AttemptDirectory> open(const std::string& path, int& exit_code);

  AttemptDirectory(AttemptDirectory&& other) noexcept;
  AttemptDirectory& operator=(AttemptDirectory&&) = delete;
  ~AttemptDirectory();

  /// Makes the attempt ours, once and for all. False when another supervisor was first.
  [[nodiscard]] bool claim(const std::string& nonce);

  [[nodiscard]] Result<std::string> read_spec() const;

  /// Writes the exit record (one line of JSON) by a temporary file and a rename. It is not synced:
  /// the stream, synced before, ends with the same facts.
  [[nodiscard]] bool write_exit(std::string_view record) const;

  /// Whether somebody deleted the directory: then there is no place for a record.
  [[nodiscard]] bool is_removed() const;

  /// Open descriptor of the directory, for *at calls.
  [[nodiscard]] int descriptor() const { return directory_; }

 private:
  AttemptDirectory(int directory, int lock) : directory_(directory), lock_(lock) {}

  int directory_;
  int lock_;
};

[[nodiscard]] std::string host_name();

}  // namespace hd
