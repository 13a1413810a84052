#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/progress.h"
#include "engine/core/event.h"
#include "engine/core/history.h"

namespace hd {

struct StoryLine {
  std::int64_t time_us = 0;
  std::string text;
  bool failure = false;
};

/// Tells in plain lines what a person wants to read afterwards: how child runs ended and why, what
/// a policy stopped, warnings. `history` has the events applied. Metrics cost a comparison each.
[[nodiscard]] std::vector<StoryLine> tell(std::span<const Event> events,
                                          const History& history,
                                          const RunFacts& facts);

/// The last lines of a log, at most `count`, made harmless for a terminal.
[[nodiscard]] std::vector<std::string> last_lines(const std::string& log, std::size_t count);

}  // namespace hd
