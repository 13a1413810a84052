// Whole sweeps that begin with what earlier ones found, on the virtual clock.
#include <cmath>

#include <gtest/gtest.h>

#include "samplers/warm_start_sampler.h"
#include "tests/engine/loop_harness.h"

namespace hd::test {
namespace {

HyperDriveConfig config_with(SamplingAlgorithm sampling) {
  HyperDriveConfig config;
  config.parameter_space = ParameterSpace{{"--x", quniform(0, 1, 0.05)}};
  config.sampling = std::move(sampling);
  config.primary_metric_name = "score";
  config.primary_metric_goal = Goal::kMaximize;
  config.max_total_runs = 12;
  // One at a time: an adopted child run of the simulated executor begins anew, and with two the
  // order of results would not be that of an unharmed sweep.
  config.max_concurrent_runs = 1;
  return config;
}

/// Six earlier results, and one child run that is resumed.
ParentRunSpec warm_spec(const HyperDriveConfig& config) {
  ParentRunSpec spec = parent_spec();
  spec.warm_start.resume_from = {"HD_old"};
  for (int i = 0; i < 6; ++i) {
    const Configuration one = config.parameter_space.at(static_cast<std::uint64_t>(3 * i));
    const double x = one.find("--x")->as_number();
    spec.warm_start.results.push_back(
        {"HD_old_" + std::to_string(i), one, Trial::Outcome::kFinished, -std::abs(x - 0.7)});
  }
  spec.warm_start.children = {{"HD_old_9", 0, config.parameter_space.at(1)}};
  return spec;
}

SimulatedAttempt one_report(const ChildRunSpec& spec) {
  SimulatedAttempt attempt;
  attempt.duration_us = 100 * std::int64_t{1'000'000};
  attempt.reports.push_back({1'000'000, "score", 0.01 * spec.child});
  return attempt;
}

/// The sweep with engines that leave after `commits` each; what was asked, and the reasons.
std::vector<std::string> sweep(const HyperDriveConfig& config, int commits) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  const ParentRunSpec submitted = warm_spec(config);
  store.create_parent(submitted, "score", Goal::kMaximize, clock.now_us());
  RunStatus status = RunStatus::kRunning;
  std::vector<std::string> asked;
  while (status == RunStatus::kRunning) {
    const ParentRunSpec spec = store.spec(submitted.run_id).value();
    Engine engine(store,
                  config,
                  spec,
                  clock,
                  one_report,
                  std::make_unique<WarmStartSampler>(
                      make_sampler(config.parameter_space, config.sampling), spec.warm_start));
    LeaveAfter leave(engine.loop(), commits);
    engine.loop().add_observer(leave);
    status = engine.loop().run();
    if (status == RunStatus::kRunning) continue;
    const History history = whole_history(store, config);
    for (const ChildRun& run : history.children()) {
      asked.push_back(to_json(run.configuration()) + ' ' + run.details->sampler_reason);
    }
  }
  EXPECT_EQ(status, RunStatus::kCompleted);
  return asked;
}

TEST(WarmStart, IsTheSameWhicheverEngineGoesOnWithIt) {
  for (const SamplingAlgorithm& sampling : {SamplingAlgorithm(RandomSampling{}),
                                            SamplingAlgorithm(GridSampling{}),
                                            SamplingAlgorithm(BayesianSampling{})}) {
    const HyperDriveConfig config = config_with(sampling);
    const std::vector<std::string> unharmed = sweep(config, 1'000'000);
    ASSERT_EQ(unharmed.size(), 12U);
    EXPECT_EQ(unharmed.front(),
              to_json(config.parameter_space.at(1)) +
                  " goes on from HD_old_9, with the same configuration");
    for (const int commits : {3, 4, 7}) EXPECT_EQ(sweep(config, commits), unharmed) << commits;
  }
}

TEST(WarmStart, EndsWhenWhatIsKnownAndWhatRanAreAllThereIs) {
  HyperDriveConfig config = config_with(GridSampling{});
  config.max_total_runs = 100;
  EXPECT_EQ(sweep(config, 1'000'000).size(), 21U - 6U);
}

}  // namespace
}  // namespace hd::test
