#pragma once
#include <functional>
#include <string>

#include "engine/core/executor.h"
#include "executors/agent_protocol/frame.h"

namespace hd {

/// Turns what an executor tells into frames, for a listener that is elsewhere.
class EventTeller : public ExecutorListener {
 public:
  explicit EventTeller(std::function<void(std::string frame)> send) : send_(std::move(send)) {}

  void on_started(int child, int attempt, std::string where, std::int64_t process_id) override;
  void on_metrics(int child, int attempt, std::vector<MetricPoint> points) override;
  void on_tag(int child, int attempt, TagSet tag) override;
  void on_script_said(int child, int attempt, ScriptSaid said) override;
  void on_note(int child, int attempt, Noted note) override;
  void on_ended(int child, int attempt, ExitStatus exit) override;

 private:
  std::function<void(std::string)> send_;
};

/// Calls the listener as the frame says. False when the frame tells no event. Throws
/// nlohmann::json::exception when it is damaged.
bool deliver_event(const Frame& frame, ExecutorListener& listener);

}  // namespace hd
