// What one report of the primary metric costs a policy: taking it in and judging the child run, in
// whole sweeps of 10 to 10,000 child runs. Read the counter `per_report`.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "engine/core/rng.h"
#include "policies/factory.h"

namespace {

constexpr int kLongestRun = 50;  // reports of a child run, at most

struct Report {
  int child = 0;
  int interval = 0;
  double value = 0;
};

/// Child runs of different length and speed with noisy, rising curves, `concurrent` at a time.
std::vector<Report> sweep(int runs, int concurrent) {
  hd::Rng rng(1, hd::RngPurpose::kTest, static_cast<std::uint64_t>(runs));
  struct Running {
    int child, interval, length;
    double ceiling;
  };
  std::vector<Running> running;
  std::vector<Report> reports;
  int next = 0;
  while (next < runs || !running.empty()) {
    while (next < runs && static_cast<int>(running.size()) < concurrent) {
      const int length = 1 + static_cast<int>(rng.next_below(kLongestRun));
      running.push_back({next++, 0, length, rng.next_unit()});
    }
    const std::size_t chosen = rng.next_below(running.size());
    Running& run = running[chosen];
    ++run.interval;
    const double value = run.ceiling * (1 - std::exp(-0.1 * run.interval)) + 0.05 * rng.next_unit();
    reports.push_back({run.child, run.interval, value});
    if (run.interval == run.length) {
      run = running.back();
      running.pop_back();
    }
  }
  return reports;
}

void whole_sweep(benchmark::State& state, const hd::PolicyConfig& config, int concurrent) {
  const int runs = static_cast<int>(state.range(0));
  const std::vector<Report> reports = sweep(runs, std::min(runs, concurrent));
  std::int64_t judged = 0;
  for (auto _ : state) {
    const auto policy = hd::make_policy(config, hd::Goal::kMaximize);
    for (const Report& report : reports) {
      policy->record(report.child, report.interval, report.value);
      const hd::PolicyVerdict verdict = policy->judge(report.child);
      benchmark::DoNotOptimize(verdict);
      ++judged;
    }
  }
  state.counters["per_report"] = benchmark::Counter(
      static_cast<double>(judged), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void add(const char* name, const hd::PolicyConfig& config, int concurrent) {
  benchmark::RegisterBenchmark(name, whole_sweep, config, concurrent)
      ->RangeMultiplier(10)
      ->Range(10, 10000)
      ->Unit(benchmark::kMillisecond);
}

const bool kRegistered = [] {
  const hd::PolicyConfig bandit = hd::BanditPolicyConfig{{}, 0.1, std::nullopt};
  const hd::PolicyConfig median = hd::MedianStoppingPolicyConfig{};
  const hd::PolicyConfig truncation = hd::TruncationSelectionPolicyConfig{{}, 20, false};
  add("bandit/100_at_a_time", bandit, 100);
  add("bandit/all_at_once", bandit, 1'000'000);
  add("median/100_at_a_time", median, 100);
  add("median/all_at_once", median, 1'000'000);
  add("truncation/100_at_a_time", truncation, 100);
  add("truncation/all_at_once", truncation, 1'000'000);
  return true;
}();

}  // namespace
