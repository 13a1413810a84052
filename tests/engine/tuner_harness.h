#pragma once
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/ask_events.h"
#include "engine/core/tuner.h"

namespace hd::test {

/// Cancels the children it was told to, at the interval it was told.
class ScriptedPolicy final : public Policy {
 public:
  void cancel_at(int child, int interval) { plan_[child] = interval; }
  void record(int child, int interval, double value) override {
    latest_[child] = {interval, value};
  }
  void end(int child) override { ended.push_back(child); }
  [[nodiscard]] PolicyVerdict judge(int child) const override {
    const auto [interval, value] = latest_.at(child);
    const auto plan = plan_.find(child);
    const bool cancel = plan != plan_.end() && plan->second == interval;
    return {cancel ? PolicyVerdict::Outcome::kCancel : PolicyVerdict::Outcome::kContinue,
            interval,
            value,
            0.5,
            1};
  }
  [[nodiscard]] std::string explain(const PolicyVerdict& verdict) const override {
    return "scripted at interval " + std::to_string(verdict.interval);
  }
  [[nodiscard]] std::string name() const override { return "ScriptedPolicy"; }
  [[nodiscard]] std::vector<std::string> describe(int, int) const override { return {}; }

  std::vector<int> ended;

 private:
  std::map<int, int> plan_;
  std::map<int, std::pair<int, double>> latest_;
};

/// A tuner without a world: events go in, the decisions that follow are applied and remembered.
class TunerHarness {
 public:
  explicit TunerHarness(TunerConfig config) : TunerHarness(std::move(config), new ScriptedPolicy) {}
  TunerHarness(TunerConfig config, ScriptedPolicy* scripted)
      : policy(scripted), tuner(std::move(config), std::unique_ptr<Policy>(scripted)) {}

  /// Applies `body` and everything that follows; returns the decisions.
  std::vector<EventBody> feed(EventBody body) {
    apply(std::move(body));
    std::vector<EventBody> followed = follow();
    if (const auto ask = tuner.decide_ask()) {
      followed.emplace_back(*ask);
      decided.insert(events.size());
      apply(*ask);
    }
    return followed;
  }

  /// The same for what comes in one turn of the loop, at whose end the ask is decided.
  std::vector<EventBody> feed_turn(std::vector<EventBody> bodies) {
    std::vector<EventBody> followed;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      const bool last = i + 1 == bodies.size();
      if (!last) apply(std::move(bodies[i]));
      for (EventBody& one : last ? feed(std::move(bodies[i])) : follow()) {
        followed.push_back(std::move(one));
      }
    }
    return followed;
  }

  std::vector<EventBody> start() { return feed(EngineStarted{1, "boot", 0, 0, 1}); }

  /// Answers the latest ask with `count` configurations; `exhausted` as given.
  std::vector<EventBody> answer(int count, bool exhausted = false) {
    AskAnswered answered;
    answered.ask = tuner.history().next_ask() - 1;
    answered.exhausted = exhausted;
    for (int i = 0; i < count; ++i) {
      answered.configurations.push_back(next_configuration());
      answered.reasons.emplace_back("test");
    }
    return feed(answered);
  }

  /// The same as a sampler would, with as many as were asked for or `fewer`.
  std::vector<EventBody> answer_ask(int fewer = 0) {
    AskResult result;
    const int count = tuner.history().outstanding_ask().value().issued.count;
    for (int i = 0; i < count - fewer; ++i) {
      result.configurations.push_back(next_configuration());
      result.reasons.emplace_back("test");
    }
    return feed(ask_answered(tuner.history(), std::move(result)));
  }

  std::vector<EventBody> report(int child, double value, const std::string& name = "score") {
    MetricReported metric;
    metric.child = child;
    metric.attempt = run(child).attempt;
    metric.point.sequence = std::max<std::int64_t>(run(child).details->next_sequence, 2);
    metric.point.name = name;
    metric.point.value = value;
    return feed(metric);
  }

  std::vector<EventBody> end(int child, int code = 0) {
    ExitStatus exit;
    exit.code = code;
    return feed(ChildEnded{child, run(child).attempt, exit});
  }

  [[nodiscard]] const ChildRun& run(int child) const {
    return tuner.history().children().at(static_cast<std::size_t>(child));
  }

  ScriptedPolicy* policy;
  Tuner tuner;
  std::vector<Event> events;
  std::set<std::size_t> decided;  ///< indexes into `events` of the tuner's own decisions
  std::int64_t now_us = 1'000'000;

 private:
  Configuration next_configuration() {
    Configuration configuration;
    configuration.set("--x", Value(next_value_++));
    return configuration;
  }
  std::vector<EventBody> follow() {
    std::vector<EventBody> followed;
    for (auto bodies = tuner.decide(); !bodies.empty(); bodies = tuner.decide()) {
      for (EventBody& one : bodies) {
        followed.push_back(one);
        decided.insert(events.size());
        apply(std::move(one));
      }
    }
    return followed;
  }
  void apply(EventBody body) {
    Event event{static_cast<std::int64_t>(events.size()) + 1, now_us, std::move(body)};
    tuner.apply(event);
    events.push_back(std::move(event));
  }
  int next_value_ = 0;
};

template <typename Body>
std::vector<Body> of_kind(const std::vector<EventBody>& bodies) {
  std::vector<Body> found;
  for (const EventBody& body : bodies) {
    if (const auto* one = std::get_if<Body>(&body)) found.push_back(*one);
  }
  return found;
}

}  // namespace hd::test
