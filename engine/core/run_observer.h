#pragma once
#include <span>

#include "engine/core/history.h"

namespace hd {

/// Hears the history of a parent run while it is written: terminal, dashboard, export. Called on
/// the loop thread after the events are durable and applied; cannot veto; must return quickly.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void on_events(std::span<const Event> events, const History& history) = 0;
};

}  // namespace hd
