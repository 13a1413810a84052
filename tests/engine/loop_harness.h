#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <stdlib.h>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

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

inline std::vector<std::string> configurations(const History& history) {
  std::vector<std::string> all;
  for (const ChildRun& run : history.children()) all.push_back(to_json(run.configuration()));
  return all;
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
