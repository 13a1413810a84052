#include "cli/stored_history.h"

namespace hd {

namespace {

History empty_history(const HyperDriveConfig& config) {
  return {config.primary_metric_name, config.primary_metric_goal, config.max_retries};
}

}  // namespace

History stored_history(const RunStore& store,
                       const std::string& parent_run_id,
                       const HyperDriveConfig& config) {
  History history = empty_history(config);
  store.replay(parent_run_id, [&](const Event& event) { history.apply(event); });
  return history;
}

PendingRuns pending_at_ask(const RunStore& store,
                           const std::string& parent_run_id,
                           const HyperDriveConfig& config,
                           int ask,
                           int child) {
  History history = empty_history(config);
  bool reached = false;
  PendingRuns pending;
  store.replay(parent_run_id, [&](const Event& event) {
    if (reached) return;
    history.apply(event);
    const auto* issued = std::get_if<AskIssued>(&event.body);
    reached = issued != nullptr && issued->ask == ask;
    if (!reached) return;
    for (const ChildRun& run : history.children()) {
      if (is_terminal(run.status) || run.index >= issued->first_child) continue;
      (run.is_active() ? pending.running : pending.queued).push_back(run.index);
    }
    for (int index = issued->first_child; index < child; ++index) pending.queued.push_back(index);
  });
  return pending;
}

}  // namespace hd
