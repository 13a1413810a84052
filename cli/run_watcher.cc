#include "cli/run_watcher.h"

namespace hd {

RunWatcher::RunWatcher(RunStore& store, std::string run_id, const HyperDriveConfig& config)
    : store_(store),
      run_id_(std::move(run_id)),
      history_(config.primary_metric_name, config.primary_metric_goal, config.max_retries) {}

bool RunWatcher::poll(RunView& view) {
  if (!store_.changed_by_others() && !first_) return false;
  first_ = false;
  std::vector<Event> added;
  store_.replay(
      run_id_,
      [&](const Event& event) {
        last_number_ = event.number;
        history_.apply(event);
        // Nobody is told of single metrics, so they need not be kept.
        if (!std::holds_alternative<MetricReported>(event.body)) added.push_back(event);
      },
      last_number_);
  view.on_events(added, history_);
  history_.forget_ended(false);
  return !added.empty();
}

}  // namespace hd
