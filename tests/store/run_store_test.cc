#include "engine/store/run_store.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tests/store/random_history.h"
#include "tests/store/store_harness.h"

namespace hd {
namespace {

using testing::difference;
using ::testing::ElementsAre;
using ::testing::Pair;
using testing::RandomHistory;
using testing::replayed;
using testing::RunStoreTest;
using testing::sample_spec;
using testing::TemporaryFolder;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST_F(RunStoreTest, ReplaysWhatWasAppended) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::string run = "HD_" + std::to_string(seed);
    store_.create_parent(sample_spec(run), "loss", Goal::kMaximize, 1);
    const int epoch = store_.take_over(run);
    RandomHistory random(seed);
    Rng sizes(seed, RngPurpose::kTest, 1);
    std::vector<Event> all;
    while (all.size() < 400) {
      const std::vector<Event> events = random.next(1 + sizes.next_below(60));
      store_.append(run,
                    epoch,
                    events,
                    sizes.next_below(2) == 0 ? Durability::kPowerLoss : Durability::kProcessCrash);
      all.insert(all.end(), events.begin(), events.end());
    }
    ASSERT_EQ(difference(all, replayed(store_, run)), "") << "seed " << seed;
    const RunStore reopened(folder_.file());
    ASSERT_EQ(difference(all, replayed(reopened, run)), "") << "seed " << seed;
  }
}

TEST_F(RunStoreTest, ReplaysFromAnyNumberOn) {
  store_.create_parent(sample_spec(run_), "loss", Goal::kMaximize, 1);
  const int epoch = store_.take_over(run_);
  RandomHistory random(1);
  const std::vector<Event> all = random.next(300);
  store_.append(run_, epoch, all, Durability::kProcessCrash);
  for (std::size_t after = 0; after <= all.size(); ++after) {
    std::vector<Event> rest;
    store_.replay(
        run_, [&](const Event& event) { rest.push_back(event); }, static_cast<std::int64_t>(after));
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(after);
    ASSERT_EQ(difference({from, all.end()}, rest), "") << "after " << after;
  }
}

TEST_F(RunStoreTest, KeepsNonFiniteMetricsAndVerdicts) {
  begin();
  ask(1);
  append({metric(0, 1, kNan), metric(0, 2, kInfinity), metric(0, 3, -kInfinity)});
  append({ChildStarting{0, 0}, metric(0, 4, -kInfinity), metric(0, 5, kNan)});
  append({PolicyJudged{0, {PolicyVerdict::Outcome::kCancel, 1, kNan, -kInfinity, 3}}});
  const std::vector<Event> events = replayed(store_, run_);
  ASSERT_EQ(events.size(), 8U);
  EXPECT_TRUE(std::isnan(std::get<MetricReported>(events[1].body).point.value));
  EXPECT_EQ(std::get<MetricReported>(events[2].body).point.value, kInfinity);
  EXPECT_EQ(std::get<MetricReported>(events[3].body).point.value, -kInfinity);
  const PolicyVerdict& verdict = std::get<PolicyJudged>(events[7].body).verdict;
  EXPECT_TRUE(std::isnan(verdict.value));
  EXPECT_EQ(verdict.limit, -kInfinity);
  EXPECT_EQ(child(0).best_primary_metric, -kInfinity);
}

TEST_F(RunStoreTest, IgnoresMetricPointsDeliveredAgain) {
  begin();
  ask(1);
  append({ChildStarting{0, 0}, metric(0, 1, 0.5), metric(0, 2, 0.4)});
  append({metric(0, 2, 0.1), metric(0, 3, 0.3)});
  std::vector<double> values;
  store_.metrics(
      run_ + "_0", "loss", [&](int, const MetricPoint& point) { values.push_back(point.value); });
  EXPECT_THAT(values, ElementsAre(0.5, 0.4, 0.3));
  EXPECT_EQ(child(0).best_primary_metric, 0.3) << "the repeated point must not count";
  const std::vector<Event> events = replayed(store_, run_);
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(events.back().number, 6);
}

TEST_F(RunStoreTest, KeepsPointsOfEveryAttempt) {
  begin();
  ask(1);
  append({ChildStarting{0, 0}, metric(0, 1, 0.5), ChildStarting{0, 1}, metric(0, 1, 0.6, 1)});
  std::vector<std::pair<int, double>> points;
  store_.metrics(run_ + "_0", "", [&](int attempt, const MetricPoint& point) {
    points.emplace_back(attempt, point.value);
  });
  EXPECT_THAT(points, ElementsAre(Pair(0, 0.5), Pair(1, 0.6)));
  EXPECT_EQ(child(0).attempt, 1);
}

TEST_F(RunStoreTest, RefusesNumbersThatLeaveAGapOrRepeat) {
  begin();
  append({PauseRequested{}});
  number_ = 2;
  EXPECT_THROW(append({PauseRequested{}}), StoreError);
  number_ = 0;
  EXPECT_THROW(append({PauseRequested{}}), StoreError);
  number_ = 1;
  append({UnpauseRequested{}});
  EXPECT_EQ(replayed(store_, run_).size(), 2U);
}

TEST_F(RunStoreTest, StoresNothingOfAnAppendThatFails) {
  begin();
  ask(1);
  EXPECT_THROW(append({ChildStarting{0, 0}, metric(0, 1, 0.5), ChildStarting{7, 0}}), StoreError);
  number_ = 1;
  EXPECT_EQ(replayed(store_, run_).size(), 1U);
  EXPECT_EQ(child(0).status, RunStatus::kQueued);
  append({ChildStarting{0, 0}, metric(0, 1, 0.25)});
  EXPECT_EQ(child(0).best_primary_metric, 0.25);
  EXPECT_EQ(replayed(store_, run_).size(), 3U);
}

TEST_F(RunStoreTest, FollowsTheStatesOfChildren) {
  begin();
  ask(4);
  EXPECT_EQ(child(2).status, RunStatus::kQueued);
  EXPECT_EQ(child(2).hyperparameters, R"({"--lr":1.0})");
  append({ChildStarting{0, 0}});
  EXPECT_EQ(child(0).status, RunStatus::kStarting);
  append({ChildStarted{0, 0, "here", 9}});
  EXPECT_EQ(child(0).status, RunStatus::kRunning);
  EXPECT_EQ(child(0).started_us, 1000 + number_);
  append({ChildEnded{0, 0, {}}});
  EXPECT_EQ(child(0).status, RunStatus::kCompleted);
  EXPECT_EQ(child(0).ended_us, 1000 + number_);

  ExitStatus failure;
  failure.code = 3;
  append({ChildStarting{1, 0}, ChildStarted{1, 0, "here", 9}, ChildEnded{1, 0, failure}});
  EXPECT_EQ(child(1).status, RunStatus::kFailed);
  EXPECT_EQ(child(1).error_code, "ScriptFailed");
  EXPECT_EQ(child(1).error_message, "exit code 3");
  append({RetryDue{1}});
  EXPECT_EQ(child(1).status, RunStatus::kQueued);
  append({ChildStarting{1, 1}, ChildStarted{1, 1, "here", 9}, ChildEnded{1, 1, {}}});
  EXPECT_EQ(child(1).status, RunStatus::kCompleted);
  EXPECT_EQ(child(1).error_code, "");

  append({CancelRequested{2, CancelCause::kUser, "asked"}});
  EXPECT_EQ(child(2).status, RunStatus::kCanceled) << "it never started";
  append({ChildStarting{3, 0}, CancelRequested{3, CancelCause::kPolicy, "poor"}});
  EXPECT_EQ(child(3).status, RunStatus::kCancelRequested);
  append({ChildStarted{3, 0, "here", 9}});
  EXPECT_EQ(child(3).status, RunStatus::kCancelRequested);
  append({ChildEnded{3, 0, failure}});
  EXPECT_EQ(child(3).status, RunStatus::kCanceled);
  EXPECT_EQ(child(3).termination_reason, "poor");
  EXPECT_THAT(parent().children_by_status,
              ElementsAre(Pair(RunStatus::kCompleted, 2), Pair(RunStatus::kCanceled, 2)));
}

TEST_F(RunStoreTest, FollowsTheStateOfTheParentRun) {
  begin();
  EXPECT_EQ(parent().status, RunStatus::kNotStarted);
  EXPECT_EQ(parent().created_us, 1000);
  append({EngineStarted{}});
  EXPECT_EQ(parent().status, RunStatus::kRunning);
  EXPECT_EQ(parent().started_us, 1001);
  append({PauseRequested{}});
  EXPECT_EQ(parent().status, RunStatus::kPaused);
  append({UnpauseRequested{}});
  EXPECT_EQ(parent().status, RunStatus::kRunning);
  append({ParentCancelRequested{CancelCause::kUser, "asked"}});
  EXPECT_EQ(parent().status, RunStatus::kCancelRequested);
  append({PauseRequested{}});
  EXPECT_EQ(parent().status, RunStatus::kCancelRequested);
  append({ParentEnded{RunStatus::kCanceled, "canceled by the user", -1}});
  EXPECT_EQ(parent().status, RunStatus::kCanceled);
  EXPECT_EQ(parent().ended_us, 1000 + number_);
  EXPECT_EQ(parent().termination_reason, "canceled by the user");
}

TEST_F(RunStoreTest, KeepsTheBestPrimaryMetric) {
  begin(Goal::kMaximize);
  ask(3);
  append({ChildStarting{0, 0}, ChildStarting{1, 0}, ChildStarting{2, 0}});
  append({metric(0, 1, 0.5), metric(1, 1, 0.7), metric(1, 2, kNan), metric(0, 2, 0.6)});
  MetricReported other = metric(0, 3, 9.0);
  other.point.name = "accuracy";
  MetricReported text = metric(0, 4, kNan);
  text.point.text = "[9]";
  append({other, text, metric(2, 1, kNan)});
  EXPECT_EQ(child(0).best_primary_metric, 0.6);
  EXPECT_EQ(child(1).best_primary_metric, 0.7);
  EXPECT_EQ(child(2).best_primary_metric, std::nullopt);
  EXPECT_EQ(parent().best_child_run_id, "HD_a_1");
  EXPECT_EQ(parent().best_primary_metric, 0.7);
  EXPECT_EQ(parent().primary_metric_name, "loss");
  EXPECT_EQ(parent().primary_metric_goal, Goal::kMaximize);
}

TEST_F(RunStoreTest, TreatsAScriptRunAsItsOwnChild) {
  begin(Goal::kMinimize, RunKind::kScript);
  append(
      {EngineStarted{}, AskAnswered{0, {Configuration()}, {"the script"}, true, "", "", -1, {}}});
  append({ChildStarting{0, 0}, ChildStarted{0, 0, "here", 5}, metric(0, 2, 0.5)});
  EXPECT_EQ(parent().status, RunStatus::kRunning);
  EXPECT_FALSE(parent().is_child);
  ExitStatus killed;
  killed.kind = ExitStatus::Kind::kSignaled;
  killed.code = 9;
  append({ChildEnded{0, 0, killed}, ParentEnded{RunStatus::kFailed, "the script failed", 0}});
  EXPECT_EQ(parent().status, RunStatus::kFailed);
  EXPECT_EQ(parent().error_code, "ScriptKilled");
  EXPECT_EQ(parent().best_primary_metric, std::nullopt);
  int points = 0;
  store_.metrics(run_, "loss", [&](int, const MetricPoint&) { ++points; });
  EXPECT_EQ(points, 1);
  const std::vector<Event> events = replayed(store_, run_);
  ASSERT_EQ(events.size(), 7U);
  EXPECT_EQ(event_child(events[4].body), 0);
}

TEST_F(RunStoreTest, TellsTheEventsOfOneChild) {
  begin();
  ask(2);
  ask(2);
  append({ChildStarting{3, 0}, metric(3, 1, 0.5), ChildStarting{2, 0}});
  append({PolicyJudged{3, {PolicyVerdict::Outcome::kContinue, 1, 0.5, 0.6, 2}}, Noted{3, "hm", 0}});
  const std::vector<Event> events = store_.events_of_child(run_, 3);
  std::vector<std::string> kinds;
  kinds.reserve(events.size());
  for (const Event& event : events) kinds.emplace_back(event_name(event.body));
  EXPECT_THAT(kinds, ElementsAre("ask_answered", "child_starting", "policy_judged", "noted"));
  const auto& answer = std::get<AskAnswered>(events.front().body);
  EXPECT_THAT(answer.reasons, ElementsAre("reason 3"));
  EXPECT_THAT(answer.details, ElementsAre(Value(Value::Map{{"number", 3}})));
  ASSERT_EQ(answer.configurations.size(), 1U);
  EXPECT_EQ(to_json(answer.configurations.front()), R"({"--lr":1.5})");
}

TEST_F(RunStoreTest, AnAnswerReplacesTheConfigurationsOfChildrenThatExist) {
  begin();
  ask(4);
  append({ChildStarting{0, 0}, CancelRequested{1, CancelCause::kUser, "by hand"}});
  AskAnswered answer;
  answer.first_child = 2;
  for (int i = 0; i < 3; ++i) {
    answer.configurations.push_back(Configuration({{"--lr", Value(10 + i)}}));
    answer.reasons.push_back("refreshed " + std::to_string(i));
  }
  RunStore other(folder_.file());  // whose caches know nothing of the children yet
  other.append(run_, epoch_, std::vector<Event>{{++number_, 2000, answer}}, Durability::kPowerLoss);
  EXPECT_EQ(store_.runs({.parent_run_id = run_, .last = 0}).size(), 5U);
  EXPECT_EQ(child(0).hyperparameters, R"({"--lr":0.0})");
  EXPECT_EQ(child(1).hyperparameters, R"({"--lr":0.5})");
  EXPECT_EQ(child(2).hyperparameters, R"({"--lr":10})");
  EXPECT_EQ(child(3).hyperparameters, R"({"--lr":11})");
  EXPECT_EQ(child(4).hyperparameters, R"({"--lr":12})");
  EXPECT_EQ(child(3).status, RunStatus::kQueued);
  for (int i = 0; i < 5; ++i) {
    const std::vector<Event> events = store_.events_of_child(run_, i);
    std::vector<AskAnswered> answers;
    for (const Event& event : events) {
      if (const auto* one = std::get_if<AskAnswered>(&event.body)) answers.push_back(*one);
    }
    ASSERT_EQ(answers.size(), 1U) << i;
    EXPECT_THAT(
        answers[0].reasons,
        ElementsAre(i < 2 ? "reason " + std::to_string(i) : "refreshed " + std::to_string(i - 2)));
    EXPECT_EQ(to_json(answers[0].configurations.at(0)), child(i).hyperparameters);
  }
}

TEST_F(RunStoreTest, RefusesAnAnswerThatLeavesAGap) {
  begin();
  ask(1);
  AskAnswered answer;
  answer.first_child = 3;
  answer.configurations.emplace_back();
  EXPECT_THROW(append({answer}), StoreError);
}

TEST_F(RunStoreTest, KeepsTagsAndProperties) {
  begin();
  ask(1);
  append({TagSet{0, "a", "1", false, false, 2}, TagSet{0, "b", "2", false, false, 3}});
  append({TagSet{0, "a", "", true, false, 4}, TagSet{0, "p", "first", false, true, 5}});
  append({TagSet{0, "p", "second", false, true, 6}, TagSet{-1, "mine", "x", false, false, 0}});
  store_.set_tag(run_ + "_0", "b", "3");
  EXPECT_THAT(child(0).tags, ElementsAre(Pair("b", "3")));
  EXPECT_THAT(child(0).properties, ElementsAre(Pair("p", "first")));
  EXPECT_THAT(parent().tags, ElementsAre(Pair("mine", "x"), Pair("owner", "somebody")));
  EXPECT_THROW(store_.set_tag("HD_none", "a", "b"), NotFoundError);
}

TEST_F(RunStoreTest, ListsRunsByFilter) {
  begin();
  ask(3);
  append({ChildStarting{1, 0}});
  ParentRunSpec other = sample_spec("HD_b");
  other.experiment = "faces";
  other.target = "cluster";
  other.tags = {{"owner", "other"}, {"big", "yes"}};
  store_.create_parent(other, "loss", Goal::kMinimize, 5000);
  const auto ids = [&](const RunFilter& filter) {
    std::vector<std::string> found;
    for (const RunSummary& run : store_.runs(filter)) found.push_back(run.run_id);
    return found;
  };
  EXPECT_THAT(ids({}), ElementsAre("HD_b", "HD_a"));
  EXPECT_THAT(ids({.last = 1}), ElementsAre("HD_b"));
  EXPECT_THAT(ids({.experiment = "digits"}), ElementsAre("HD_a"));
  EXPECT_THAT(ids({.target = "cluster"}), ElementsAre("HD_b"));
  EXPECT_THAT(ids({.tags = {{"owner", "other"}, {"big", "yes"}}}), ElementsAre("HD_b"));
  EXPECT_THAT(ids({.tags = {{"owner", "other"}, {"big", "no"}}}), ElementsAre());
  EXPECT_THAT(ids({.parent_run_id = "HD_a", .last = 0}), ElementsAre("HD_a_2", "HD_a_1", "HD_a_0"));
  EXPECT_THAT(ids({.parent_run_id = "HD_a", .status = RunStatus::kStarting}),
              ElementsAre("HD_a_1"));
  EXPECT_EQ(child(1).parent_run_id, "HD_a");
  EXPECT_EQ(child(1).child, 1);
  EXPECT_TRUE(child(1).is_child);
}

TEST_F(RunStoreTest, KeepsCommandsUntilForgotten) {
  begin();
  store_.post(run_, {0, Command::Kind::kCancelChild, 4, "too slow"});
  store_.post(run_, {0, Command::Kind::kPause, -1, ""});
  RunStore engine(folder_.file());
  const std::vector<Command> commands = engine.commands(run_);
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_EQ(commands[0].kind, Command::Kind::kCancelChild);
  EXPECT_EQ(commands[0].child, 4);
  EXPECT_EQ(commands[0].reason, "too slow");
  EXPECT_EQ(commands[1].kind, Command::Kind::kPause);
  EXPECT_LT(commands[0].id, commands[1].id);
  engine.forget_commands(run_, commands[0].id);
  ASSERT_EQ(engine.commands(run_).size(), 1U);
  EXPECT_EQ(engine.commands(run_)[0].id, commands[1].id);
  engine.forget_commands(run_, commands[1].id);
  EXPECT_TRUE(engine.commands(run_).empty());
  EXPECT_THROW(store_.post("HD_none", {}), NotFoundError);
}

TEST_F(RunStoreTest, KeepsExperimentsAndSpecs) {
  store_.create_experiment("faces", 7);
  store_.create_experiment("faces", 9);
  begin();
  EXPECT_THAT(store_.experiments(), ElementsAre(Pair("faces", 7), Pair("digits", 1000)));
  const auto spec = store_.spec(run_);
  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->hdconfig_text, sample_spec(run_).hdconfig_text);
  EXPECT_EQ(store_.spec("HD_none").has_value(), false);
  EXPECT_THROW(store_.create_parent(sample_spec(run_), "loss", Goal::kMinimize, 1), StoreError);
}

TEST_F(RunStoreTest, SaysWhenARunDoesNotExist) {
  EXPECT_FALSE(store_.run("HD_none").has_value());
  EXPECT_THROW((void)replayed(store_, "HD_none"), NotFoundError);
  EXPECT_THROW((void)store_.take_over("HD_none"), NotFoundError);
  EXPECT_THROW((void)store_.events_of_child("HD_none", 0), NotFoundError);
  EXPECT_THROW(store_.metrics("HD_none", "", [](int, const MetricPoint&) {}), NotFoundError);
  const std::vector<Event> events = {{1, 1, PauseRequested{}}};
  EXPECT_THROW(store_.append("HD_none", 1, events, Durability::kPowerLoss), NotFoundError);
}

TEST_F(RunStoreTest, RefusesToWriteFromInsideAVisit) {
  begin();
  ask(1);
  EXPECT_THROW(store_.replay(run_, [&](const Event&) { store_.set_tag(run_, "a", "b"); }),
               StoreError);
  store_.set_tag(run_, "a", "b");
  EXPECT_THAT(parent().tags, ElementsAre(Pair("a", "b"), Pair("owner", "somebody")));
}

TEST_F(RunStoreTest, KeepsItsFilesPrivate) {
  begin();
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << entry.path();
  }
}

TEST_F(RunStoreTest, HoldsTenThousandChildren) {
  begin();
  for (int i = 0; i < 100; ++i) ask(100);
  for (int i = 0; i < 10'000; i += 500) {
    std::vector<EventBody> bodies;
    for (int c = i; c < i + 500; ++c) {
      bodies.emplace_back(ChildStarting{c, 0});
      bodies.emplace_back(ChildStarted{c, 0, "here", c});
      bodies.emplace_back(metric(c, 2, 10'000.0 - c));
      bodies.emplace_back(ChildEnded{c, 0, {}});
    }
    append(std::move(bodies));
  }
  EXPECT_EQ(parent().best_child_run_id, "HD_a_9999");
  EXPECT_EQ(store_.runs({.parent_run_id = run_, .last = 0}).size(), 10'000U);
  std::int64_t expected = 0;
  store_.replay(run_, [&](const Event& event) { ASSERT_EQ(event.number, ++expected); });
  EXPECT_EQ(expected, number_);
}

}  // namespace
}  // namespace hd
