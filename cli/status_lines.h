#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/progress.h"
#include "cli/terminal.h"

namespace hd {

/// What the bottom of the screen shows. Pure, so that it can be tested without a terminal.
struct StatusPicture {
  ScreenSize screen;
  bool utf8 = true;
  std::int64_t now_us = 0;
  std::string last_stopped;  ///< the latest child run that a policy stopped, and why
  std::string last_failed;
};

/// The lines from top to bottom, none wider than the screen less one cell, at most a third of its
/// height (but never fewer than three lines). Below 60 columns: one line.
[[nodiscard]] std::vector<std::string> status_lines(const History& history,
                                                    const RunFacts& facts,
                                                    const StatusPicture& picture);

/// Ten cells or fewer on the scale from `low` to `high`, oldest first.
[[nodiscard]] std::string sparkline(std::span<const double> values,
                                    double low,
                                    double high,
                                    bool utf8);

/// `[#####.....]`, `width` cells with the brackets.
[[nodiscard]] std::string progress_bar(int finished, int total, int width, bool utf8);

}  // namespace hd
