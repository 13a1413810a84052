#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "executors/agent_protocol/frame.h"

namespace hd {

/// The attempt's directory on this machine, where what comes back from a host is put. Nothing that
/// a host sends leads out of it.
class ReturnedFiles {
 public:
  /// `directory` exists.
  explicit ReturnedFiles(std::string directory) : directory_(std::move(directory)) {}

  /// How much of stdout.txt and stderr.txt is here already.
  [[nodiscard]] std::array<std::int64_t, 2> log_sizes() const;
  /// Takes a part of one of them.
  void take_log(const Frame& frame);
  /// Takes a part of another file, a link or a folder.
  void take_part(const Frame& frame);
  /// Whether everything that an ended attempt leaves was brought back.
  [[nodiscard]] bool are_complete() const;
  /// The first thing that could not be written, and why; empty when all could.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// Begins a new transfer.
  void forget_problem() { problem_.clear(); }

 private:
  void fail(const std::string& path);
  [[nodiscard]] int open_parent(std::string_view path) const;
  void write_file(int parent,
                  const std::string& name,
                  bool executable,
                  std::int64_t offset,
                  std::string_view content);

  std::string directory_;
  std::string problem_;
};

}  // namespace hd
