#pragma once
#include <string>
#include <vector>

#include "cli/run_view.h"
#include "cli/terminal.h"

namespace hd {

/// The bottom lines of a terminal show how the parent run stands, redrawn at most ten times a
/// second and only where they changed; what happened scrolls above them. No mode of the terminal
/// is ever switched, so nothing needs restoring, whichever way the process ends.
class LiveView final : public RunView {
 public:
  LiveView(RunFacts facts, TerminalTraits traits) : facts_(std::move(facts)), traits_(traits) {}
  ~LiveView() override;
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;

  void on_events(std::span<const Event> events, const History& history) override;
  void tick() override;
  void say(const std::string& line) override;
  void finish() override;

 private:
  void redraw();
  void erase(std::string& out);
  [[nodiscard]] int rows_on_screen(int width) const;

  RunFacts facts_;
  TerminalTraits traits_;
  ProgressOutput output_;
  const History* history_ = nullptr;
  std::vector<std::string> above_;  ///< lines still to be printed above the picture
  std::vector<std::string> shown_;  ///< the picture on the screen
  ScreenSize size_;
  std::string last_stopped_, last_failed_;
  std::int64_t last_draw_us_ = 0;
  bool dirty_ = false;
  bool finished_ = false;
};

}  // namespace hd
