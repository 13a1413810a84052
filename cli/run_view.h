#pragma once
#include <memory>
#include <string>

#include "cli/progress.h"
#include "engine/core/run_observer.h"

namespace hd {

/// Shows a parent run to the person who waits for it, on standard error.
class RunView : public RunObserver {
 public:
  /// Called about ten times a second, and at any time between calls of `on_events`.
  virtual void tick() = 0;
  /// A message for the person, above whatever is being redrawn.
  virtual void say(const std::string& line) = 0;
  /// Leaves the screen as a plain text would have; nothing is shown afterwards.
  virtual void finish() = 0;
};

/// The live view on a terminal, plain lines elsewhere, nothing when `quiet`.
[[nodiscard]] std::unique_ptr<RunView> make_run_view(const RunFacts& facts, bool quiet);

}  // namespace hd
