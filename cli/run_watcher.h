#pragma once
#include <memory>
#include <vector>

#include "cli/progress.h"
#include "cli/run_view.h"
#include "engine/core/history.h"
#include "engine/core/hyperdrive_config.h"
#include "engine/store/run_store.h"

namespace hd {

/// Follows a parent run that another process drives, by reading the store.
class RunWatcher {
 public:
  RunWatcher(RunStore& store, std::string run_id, const HyperDriveConfig& config);

  /// Reads what was added since the last call and shows it. False when nothing was.
  bool poll(RunView& view);

  [[nodiscard]] const History& history() const { return history_; }

 private:
  RunStore& store_;
  std::string run_id_;
  History history_;
  std::int64_t last_number_ = 0;
  bool first_ = true;
};

}  // namespace hd
