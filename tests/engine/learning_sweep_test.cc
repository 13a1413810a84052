// Whole sweeps of samplers that learn, on the virtual clock.
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include <gtest/gtest.h>

#include "engine/core/rng.h"
#include "executors/simulated/simulated_ask_worker.h"
#include "tests/engine/loop_harness.h"

namespace hd::test {
namespace {

using std::chrono::microseconds;

constexpr std::int64_t kSecond = 1'000'000;

HyperDriveConfig learning_config(ParameterSpace space, int total, int concurrent) {
  HyperDriveConfig config;
  config.parameter_space = std::move(space);
  config.sampling = BayesianSampling{};
  config.primary_metric_name = "score";
  config.primary_metric_goal = Goal::kMaximize;
  config.max_total_runs = total;
  config.max_concurrent_runs = concurrent;
  return config;
}

/// One report and an end, after `duration_us` give or take a fifth.
SimulatedExecutor::Behavior children_of(std::int64_t duration_us) {
  return [duration_us](const ChildRunSpec& spec) {
    Rng rng(3, RngPurpose::kTest, static_cast<std::uint64_t>(spec.child));
    SimulatedAttempt attempt;
    attempt.duration_us =
        static_cast<std::int64_t>(static_cast<double>(duration_us) * (0.8 + 0.4 * rng.next_unit()));
    attempt.reports.push_back({attempt.duration_us / 2, "score", rng.next_unit()});
    return attempt;
  };
}

std::unique_ptr<AskWorker> asks_of(Clock& clock, std::int64_t duration_us) {
  return std::make_unique<SimulatedAskWorker>(
      clock, [duration_us](const AskRequest&) { return microseconds(duration_us); });
}

std::vector<Event> events_of(const RunStore& store) {
  std::vector<Event> events;
  store.replay("HD_test", [&](const Event& event) { events.push_back(event); });
  return events;
}

/// Says in its reasons how many results it was shown.
class CountingSampler final : public Sampler {
 public:
  [[nodiscard]] AskResult ask(const AskRequest& request) const override {
    int results = 0;
    for (const auto& trial : request.trials) {
      results += trial->outcome == Trial::Outcome::kPending ? 0 : 1;
    }
    AskResult result;
    for (int i = 0; i < request.count; ++i) {
      Configuration configuration;
      configuration.set("--x", Value(1000 * results + request.first_index + i));
      result.configurations.push_back(configuration);
      result.reasons.push_back(std::to_string(results));
    }
    return result;
  }
  [[nodiscard]] bool needs_trials() const override { return true; }
  [[nodiscard]] std::optional<std::uint64_t> limit() const override { return std::nullopt; }
};

/// How long each freed place stood empty, in order, of a sweep whose children end one at a time.
std::vector<std::int64_t> idle_times(const std::vector<Event>& events) {
  std::vector<std::int64_t> idle;
  std::vector<std::int64_t> freed;
  for (const Event& event : events) {
    if (std::holds_alternative<ChildEnded>(event.body)) {
      freed.push_back(event.time_us);
    } else if (std::holds_alternative<ChildStarting>(event.body) && !freed.empty()) {
      idle.push_back(event.time_us - freed.front());
      freed.erase(freed.begin());
    }
  }
  return idle;
}

class LearningSweep : public ::testing::Test {
 protected:
  /// Four children at a time that end one after the other, each five seconds after it began. The
  /// first to find nothing ready makes up for the second that it may have waited.
  void run(std::int64_t ask_us) {
    const HyperDriveConfig config = learning_config({{"--x", uniform(0, 1)}}, 60, 4);
    store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
    Engine engine(
        store,
        config,
        parent_spec(),
        clock,
        [](const ChildRunSpec& spec) {
          SimulatedAttempt attempt;
          attempt.duration_us = spec.child < 4    ? 5 * kSecond + spec.child * kSecond * 5 / 4
                                : spec.child == 4 ? 4 * kSecond
                                                  : 5 * kSecond;
          return attempt;
        },
        std::make_unique<CountingSampler>(),
        asks_of(clock, ask_us));
    ASSERT_EQ(engine.loop().run(), RunStatus::kCompleted);
    ASSERT_EQ(engine.loop().history().completed(), 60);
  }
  ScratchFolder folder;
  RunStore store{folder.history()};
  VirtualClock clock;
};

TEST_F(LearningSweep, NoPlaceWaitsForAsksThatTakeAFifthOfAChildRun) {
  run(kSecond);
  const std::vector<std::int64_t> idle = idle_times(events_of(store));
  ASSERT_EQ(idle.size(), 56U);
  // The first place that became free found nothing ready.
  EXPECT_EQ(idle[0], kSecond);
  for (std::size_t i = 1; i < idle.size(); ++i) EXPECT_EQ(idle[i], 0) << "start " << i;
}

TEST_F(LearningSweep, EveryPlaceWaitsForAsksThatTakeAFiftiethOfAChildRun) {
  run(kSecond / 10);
  const std::vector<Event> events = events_of(store);
  for (const std::int64_t idle : idle_times(events)) EXPECT_EQ(idle, kSecond / 10);
  int results = 0;
  for (const Event& event : events) {
    if (const auto* answer = std::get_if<AskAnswered>(&event.body)) {
      EXPECT_EQ(answer->reasons,
                (std::vector<std::string>(answer->reasons.size(), std::to_string(results))));
    }
    results += std::holds_alternative<ChildEnded>(event.body) ? 1 : 0;
  }
}

/// Plays a sweep with engines that leave after every `commits` commits, 0 = none leaves.
void run_with_engines(RunStore& store, VirtualClock& clock, std::int64_t ask_us, int commits) {
  const HyperDriveConfig config = learning_config({{"--x", uniform(0, 1)}}, 40, 4);
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  RunStatus status = RunStatus::kRunning;
  for (int engines = 0; status == RunStatus::kRunning; ++engines) {
    ASSERT_LT(engines, 500);
    Engine engine(store,
                  config,
                  parent_spec(),
                  clock,
                  children_of(5 * kSecond),
                  std::make_unique<CountingSampler>(),
                  asks_of(clock, ask_us));
    LeaveAfter leave(engine.loop(), commits);
    engine.loop().add_observer(leave);
    status = engine.loop().run();
  }
  ASSERT_EQ(status, RunStatus::kCompleted);
}

TEST(LearningSweeps, AnAnswerKnowsWhatCameBeforeItsAskAndNoMoreWhicheverEngineGetsIt) {
  for (const std::int64_t ask_us : {kSecond / 10, kSecond, 4 * kSecond}) {
    for (const int commits : {0, 7, 11, 30}) {
      const ScratchFolder folder;
      RunStore store(folder.history());
      VirtualClock clock;
      run_with_engines(store, clock, ask_us, commits);
      int results = 0;
      std::string known;
      std::map<int, int> starts;
      for (const Event& event : events_of(store)) {
        results += std::holds_alternative<ChildEnded>(event.body) ? 1 : 0;
        if (std::holds_alternative<AskIssued>(event.body)) known = std::to_string(results);
        if (const auto* answer = std::get_if<AskAnswered>(&event.body)) {
          for (const std::string& reason : answer->reasons) {
            EXPECT_EQ(reason.substr(0, reason.find(';')), known) << "event " << event.number;
          }
        }
        if (const auto* starting = std::get_if<ChildStarting>(&event.body)) {
          ++starts[starting->child];
        }
      }
      EXPECT_EQ(starts.size(), 40U);
      for (const auto& [child, times] : starts) EXPECT_EQ(times, 1) << "child " << child;
    }
  }
}

struct SpaceCase {
  std::string name;
  ParameterSpace space;
  int configurations;  ///< that exist, at most the total number of runs
};

class AHundredInFlight : public ::testing::TestWithParam<std::tuple<int, std::int64_t>> {
 public:
  static std::vector<SpaceCase> spaces() {
    return {
        {"Continuous", {{"--lr", loguniform(-6, -1)}, {"--momentum", uniform(0, 1)}}, 130},
        {"OneValue", {{"--x", choice("only")}}, 1},
        {"SixtyConfigurations",
         {{"--n", randint(12)}, {"--kind", choice("a", "b", 3, 0.5, true)}},
         60},
        {"AHundredAndTwenty", {{"--n", randint(15)}, {"--m", randint(8)}}, 120},
        {"Steps", {{"--q", quniform(0, 1, 0.1)}, {"--on", choice(true, false)}}, 22},
    };
  }
};

TEST_P(AHundredInFlight, NothingIsAskedTwiceAndAFiniteSpaceIsExhausted) {
  const auto [index, ask_us] = GetParam();
  const SpaceCase one = spaces()[static_cast<std::size_t>(index)];
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  const HyperDriveConfig config = learning_config(one.space, 130, 100);
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  Engine engine(store,
                config,
                parent_spec(),
                clock,
                children_of(10 * kSecond),
                nullptr,
                asks_of(clock, ask_us));
  ASSERT_EQ(engine.loop().run(), RunStatus::kCompleted);
  const History& history = engine.loop().history();
  EXPECT_EQ(history.completed(), one.configurations);
  EXPECT_EQ(engine.executor().most_running(), std::min(one.configurations, 100));
  const std::vector<std::string> all = configurations(history);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
  const auto free_at_first = std::get<AskIssued>(events_of(store).at(1).body);
  EXPECT_EQ(free_at_first.count, 100) << "all free places are asked for at once";
}

std::string space_name(const ::testing::TestParamInfo<std::tuple<int, std::int64_t>>& which) {
  const auto [index, ask_us] = which.param;
  return AHundredInFlight::spaces()[static_cast<std::size_t>(index)].name +
         (ask_us < kSecond ? "CheapAsks" : "DearAsks");
}

INSTANTIATE_TEST_SUITE_P(Spaces,
                         AHundredInFlight,
                         ::testing::Combine(::testing::Range(0, 5),
                                            ::testing::Values(kSecond / 100, 2 * kSecond)),
                         space_name);

/// Remembers what a sampler was shown of canceled children.
class Spy final : public Sampler {
 public:
  Spy(std::unique_ptr<Sampler> sampler, std::map<int, double>& censored)
      : sampler_(std::move(sampler)), censored_(censored) {}
  [[nodiscard]] AskResult ask(const AskRequest& request) const override {
    for (const auto& trial : request.trials) {
      if (trial->outcome == Trial::Outcome::kCensored) censored_[trial->id] = trial->value;
    }
    return sampler_->ask(request);
  }
  [[nodiscard]] bool needs_trials() const override { return true; }
  [[nodiscard]] std::optional<std::uint64_t> limit() const override { return sampler_->limit(); }

 private:
  std::unique_ptr<Sampler> sampler_;
  std::map<int, double>& censored_;
};

class BayesianBesidePolicy : public ::testing::TestWithParam<int> {
 public:
  static PolicyConfig policy(int which) {
    constexpr PolicySchedule schedule{.evaluation_interval = 1, .delay_evaluation = 3};
    if (which == 0) {
      return BanditPolicyConfig{
          .schedule = schedule, .slack_factor = 0.1, .slack_amount = std::nullopt};
    }
    if (which == 1) return MedianStoppingPolicyConfig{.schedule = schedule};
    return TruncationSelectionPolicyConfig{
        .schedule = schedule, .truncation_percentage = 40, .exclude_finished_jobs = false};
  }
};

TEST_P(BayesianBesidePolicy, LearnsFromCanceledChildrenAsFarAsTheyCame) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  HyperDriveConfig config =
      learning_config({{"--x", uniform(0, 1)}, {"--y", uniform(0, 1)}}, 40, 4);
  config.policy = policy(GetParam());
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  std::map<int, double> censored;
  const History* history = nullptr;
  Engine engine(
      store,
      config,
      parent_spec(),
      clock,
      [&](const ChildRunSpec& spec) {
        const ChildRun& run = history->children()[static_cast<std::size_t>(spec.child)];
        const double x = run.configuration().find("--x")->as_number() - 0.3;
        const double y = run.configuration().find("--y")->as_number() - 0.8;
        SimulatedAttempt attempt;
        for (int interval = 1; interval <= 10; ++interval) {
          attempt.reports.push_back(
              {interval * kSecond, "score", std::exp(-2 * (x * x + y * y)) * interval / 10});
        }
        attempt.duration_us = 11 * kSecond;
        return attempt;
      },
      std::make_unique<Spy>(make_sampler(config.parameter_space, config.sampling), censored),
      asks_of(clock, kSecond / 10));
  history = &engine.loop().history();
  ASSERT_EQ(engine.loop().run(), RunStatus::kCompleted);
  EXPECT_EQ(history->completed() + history->canceled_by_policy(), 40);
  EXPECT_GT(history->canceled_by_policy(), 3);
  EXPECT_GT(censored.size(), 3U);
  for (const auto& [child, value] : censored) {
    const ChildRun& run = history->children()[static_cast<std::size_t>(child)];
    EXPECT_EQ(run.cancel_cause, CancelCause::kPolicy);
    EXPECT_EQ(value, run.best);
    EXPECT_LT(run.intervals, 10);
  }
  EXPECT_GT(history->children()[static_cast<std::size_t>(history->best_child())].best, 0.99);
}

std::string policy_name(const ::testing::TestParamInfo<int>& which) {
  constexpr std::array kNames = {"Bandit", "MedianStopping", "TruncationSelection"};
  return kNames.at(static_cast<std::size_t>(which.param));
}

INSTANTIATE_TEST_SUITE_P(Policies, BayesianBesidePolicy, ::testing::Range(0, 3), policy_name);

}  // namespace
}  // namespace hd::test
