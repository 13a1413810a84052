#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <stdlib.h>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "engine/core/rng.h"
#include "engine/loop/tuner_loop.h"
#include "executors/simulated/simulated_executor.h"
#include "executors/simulated/virtual_clock.h"
#include "policies/factory.h"
#include "samplers/factory.h"

namespace hd::test {

/// A scratch folder that is gone after the test.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hdrive-loop-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] std::string history() const { return (path_ / "history.db").string(); }

 private:
  std::filesystem::path path_;
};

/// One engine on the virtual clock over a real history file.
class Engine {
 public:
  Engine(RunStore& store,
         const HyperDriveConfig& config,
         const ParentRunSpec& spec,
         VirtualClock& clock,
         SimulatedExecutor::Behavior behavior,
         std::unique_ptr<Sampler> sampler = nullptr,
         std::unique_ptr<AskWorker> ask_worker = nullptr)
      : loop_(io_, clock, store, parts(config, spec, std::move(sampler), std::move(ask_worker))),
        executor_(clock, loop_, std::move(behavior)) {
    loop_.set_executor(executor_);
  }
  TunerLoop& loop() { return loop_; }
  SimulatedExecutor& executor() { return executor_; }

 private:
  static TunerLoopParts parts(const HyperDriveConfig& config,
                              const ParentRunSpec& spec,
                              std::unique_ptr<Sampler> sampler,
                              std::unique_ptr<AskWorker> ask_worker) {
    TunerLoopParts parts;
    parts.spec = spec;
    parts.config = config;
    parts.sampler =
        sampler ? std::move(sampler) : make_sampler(config.parameter_space, config.sampling);
    parts.policy = make_policy(config.policy, config.primary_metric_goal);
    parts.child_spec = [](const ChildRun& child, int attempt) {
      ChildRunSpec one;
      one.child = child.index;
      one.attempt = attempt;
      return one;
    };
    parts.ask_worker = std::move(ask_worker);
    parts.command_poll = std::chrono::milliseconds(0);
    return parts;
  }
  boost::asio::io_context io_;
  TunerLoop loop_;
  SimulatedExecutor executor_;
};

inline ParentRunSpec parent_spec() {
  ParentRunSpec spec;
  spec.run_id = "HD_test";
  spec.experiment = "loop";
  spec.seed = 7;
  return spec;
}

/// All of a stored parent run, with what its engine does not keep in memory.
inline History whole_history(const RunStore& store, const HyperDriveConfig& config) {
  History history(config.primary_metric_name, config.primary_metric_goal, config.max_retries);
  store.replay("HD_test", [&](const Event& event) { history.apply(event); });
  return history;
}

/// Precondition: nothing of `history` was forgotten.
inline std::vector<std::string> configurations(const History& history) {
  std::vector<std::string> all;
  for (const ChildRun& run : history.children()) all.push_back(to_json(run.configuration()));
  return all;
}

inline constexpr std::int64_t kSecond = 1'000'000;

/// Bandit over random configurations.
inline HyperDriveConfig sweep_config(int total, int concurrent) {
  HyperDriveConfig config;
  config.parameter_space = ParameterSpace{{"--lr", loguniform(-6, -1)}, {"--units", randint(500)}};
  config.sampling = RandomSampling{.seed = 7};
  BanditPolicyConfig bandit;
  bandit.slack_factor = 0.1;
  bandit.schedule.delay_evaluation = 2;
  config.policy = bandit;
  config.primary_metric_name = "score";
  config.primary_metric_goal = Goal::kMaximize;
  config.max_total_runs = total;
  config.max_concurrent_runs = concurrent;
  return config;
}

/// Ten reports a minute apart; how good a child is depends on its index alone.
inline SimulatedAttempt learning_curve(const ChildRunSpec& spec) {
  Rng rng(1, RngPurpose::kTest, static_cast<std::uint64_t>(spec.child));
  const double quality = rng.next_unit();
  SimulatedAttempt attempt;
  for (int interval = 1; interval <= 10; ++interval) {
    attempt.reports.push_back({interval * 60 * kSecond, "score", quality * interval / 10.0});
  }
  attempt.duration_us = 601 * kSecond;
  return attempt;
}

/// Leaves the sweep after a number of commits, as a killed engine would.
class LeaveAfter final : public RunObserver {
 public:
  LeaveAfter(TunerLoop& loop, int commits) : loop_(loop), left_(commits) {}
  void on_events(std::span<const Event>, const History&) override {
    if (--left_ == 0) loop_.detach();
  }

 private:
  TunerLoop& loop_;
  int left_;
};

}  // namespace hd::test
