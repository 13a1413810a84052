#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/store/run_store.h"
#include "tests/store/random_history.h"

namespace hd::testing {

/// A store with one parent run, and a short way to append to it.
class RunStoreTest : public ::testing::Test {
 protected:
  void begin(Goal goal = Goal::kMinimize, RunKind kind = RunKind::kHyperDrive) {
    store_.create_parent(sample_spec(run_, kind), "loss", goal, 1000);
    epoch_ = store_.take_over(run_);
  }
  void append(std::vector<EventBody> bodies, Durability durability = Durability::kProcessCrash) {
    std::vector<Event> events;
    for (EventBody& body : bodies) {
      ++number_;
      events.push_back({number_, 1000 + number_, std::move(body)});
    }
    store_.append(run_, epoch_, events, durability);
  }
  /// As the engine does: what follows from one another has one time, that of the last.
  void append_at_once(std::vector<EventBody> bodies) {
    std::vector<Event> events;
    const std::int64_t time_us = 1000 + number_ + static_cast<std::int64_t>(bodies.size());
    for (EventBody& body : bodies) events.push_back({++number_, time_us, std::move(body)});
    store_.append(run_, epoch_, events, Durability::kProcessCrash);
  }
  void ask(int count) {
    AskAnswered answer;
    for (int i = 0; i < count; ++i) {
      answer.configurations.push_back(Configuration({{"--lr", Value(0.5 * asked_++)}}));
      answer.reasons.push_back("reason " + std::to_string(asked_ - 1));
      answer.details.emplace_back(Value::Map{{"number", asked_ - 1}});
    }
    append({answer});
  }
  static MetricReported metric(int child, std::int64_t sequence, double value, int attempt = 0) {
    return {child, attempt, {sequence, "loss", value, "", std::nullopt, 5}};
  }
  [[nodiscard]] RunSummary child(int index) const {
    const auto found = store_.run(run_ + '_' + std::to_string(index));
    EXPECT_TRUE(found.has_value());
    return found.value_or(RunSummary{});
  }
  [[nodiscard]] RunSummary parent() const { return store_.run(run_).value_or(RunSummary{}); }

  TemporaryFolder folder_;
  RunStore store_{folder_.file()};
  std::string run_ = "HD_a";
  int epoch_ = 0;
  int asked_ = 0;
  std::int64_t number_ = 0;
};

}  // namespace hd::testing
