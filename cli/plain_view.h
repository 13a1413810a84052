#pragma once
#include "cli/run_view.h"
#include "cli/terminal.h"

namespace hd {

/// Lines without control codes, one per thing worth knowing, time first; a summary at most every
/// 30 seconds.
class PlainView final : public RunView {
 public:
  explicit PlainView(RunFacts facts, int descriptor = 2)
      : facts_(std::move(facts)), output_(descriptor) {}
  void on_events(std::span<const Event> events, const History& history) override;
  void tick() override;
  void say(const std::string& line) override;
  void finish() override;

 private:
  void print(std::int64_t time_us, const std::string& text);
  RunFacts facts_;
  ProgressOutput output_;
  const History* history_ = nullptr;
  std::int64_t last_summary_us_ = 0;
};

/// `58/120 done=34 running=8 early=14 failed=2 best=0.9312 (run 41) left~31m`
[[nodiscard]] std::string summary_line(const History& history,
                                       const RunFacts& facts,
                                       std::int64_t now_us);

}  // namespace hd
