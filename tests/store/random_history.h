#pragma once
#include <cstdint>
#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/parent_run_spec.h"
#include "engine/core/rng.h"
#include "engine/store/run_store.h"

namespace hd::testing {

/// A new folder under the system's temporary one, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string file() const { return (path_ / "history.db").string(); }

 private:
  std::filesystem::path path_;
};

/// Events as an engine may write them, numbered without gaps, every kind among them, with the
/// values that are hard to keep: NaN, infinities, empty and long texts, quotes, line ends, other
/// scripts.
class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed);
  [[nodiscard]] std::vector<Event> next(std::size_t count);
  [[nodiscard]] EventBody body(std::size_t kind);
  [[nodiscard]] static std::size_t kinds() { return std::variant_size_v<EventBody>; }
  [[nodiscard]] int children() const { return children_; }

 private:
  [[nodiscard]] int below(int bound);
  [[nodiscard]] int child();
  [[nodiscard]] double number();
  [[nodiscard]] std::string text();
  [[nodiscard]] Value value(int depth);
  [[nodiscard]] ExitStatus exit();

  Rng rng_;
  int children_ = 0;
  std::int64_t number_ = 0;
  std::int64_t time_us_ = 1'760'000'000'000'000;
  std::int64_t sequence_ = 0;
};

[[nodiscard]] ParentRunSpec sample_spec(const std::string& run_id,
                                        RunKind kind = RunKind::kHyperDrive);

/// Equal in every field, NaN equal to NaN.
[[nodiscard]] bool same(const Event& a, const Event& b);
/// The first difference, or an empty text.
[[nodiscard]] std::string difference(const std::vector<Event>& a, const std::vector<Event>& b);
[[nodiscard]] std::vector<Event> replayed(const RunStore& store, const std::string& run_id);

/// Everything a store tells of a parent run, as text.
[[nodiscard]] std::string described(const RunStore& store, const std::string& run_id);

}  // namespace hd::testing
