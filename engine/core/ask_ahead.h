#pragma once

namespace hd {

/// What to do about the time that an ask takes.
struct AskAhead {
  int stock = 0;  ///< configurations to keep ready beyond the free places
  /// A ready configuration that was asked before the latest results is not started: the free place
  /// waits until it has been asked for anew.
  bool waits = false;
  /// Ready configurations are asked for anew as results come, while nobody waits for them.
  bool refreshes = false;
};

/// For a sampler that learns from results. With t_a and t_c the usual time of an ask and of a child
/// run, and k = `max_concurrent_runs`, k t_a / t_c places become free during an ask.
///
/// - t_a <= t_c / 20: waiting for the ask leaves a place idle for at most a twentieth of its time,
///   and a configuration that does not know the latest result is worth less than that
///   (docs/samplers.md has the measurement). Nothing is asked ahead.
/// - otherwise as many configurations are kept ready as places become free during an ask, and
///   started at once. They are refreshed if at most every second refresh would be overtaken by a
///   place that needs what it replaces: k t_a <= t_c / 2.
///
/// Before both times are known (NaN), places wait.
[[nodiscard]] AskAhead plan_ask_ahead(double ask_us, double child_us, int max_concurrent_runs);

}  // namespace hd
