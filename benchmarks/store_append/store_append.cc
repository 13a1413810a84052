// Cost of RunStore::append: metric points a second in batches, and microseconds per small append.
// The file lies in the current directory, so run it on the disk that is of interest.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "engine/store/run_store.h"

namespace {

constexpr int kChildren = 8;

class Workload {
 public:
  Workload() : folder_(std::filesystem::current_path() / "store_append.tmp") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    store_ = std::make_unique<hd::RunStore>((folder_ / "history.db").string());
    hd::ParentRunSpec spec;
    spec.run_id = run_;
    spec.experiment = "benchmark";
    store_->create_parent(spec, "loss", hd::Goal::kMinimize, 1);
    epoch_ = store_->take_over(run_);
    hd::AskAnswered answer;
    for (int child = 0; child < kChildren; ++child) {
      answer.configurations.emplace_back(
          std::vector<hd::Configuration::Entry>{{"--lr", 0.1 * child}});
    }
    std::vector<hd::Event> events = {event(answer)};
    for (int child = 0; child < kChildren; ++child) {
      events.push_back(event(hd::ChildStarting{child, 0}));
    }
    store_->append(run_, epoch_, events, hd::Durability::kPowerLoss);
  }
  ~Workload() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  hd::Event event(hd::EventBody body) { return {++number_, time_us_ += 3, std::move(body)}; }

  hd::Event metric() {
    const int child = static_cast<int>(point_ % kChildren);
    hd::MetricPoint point;
    point.sequence = 2 + point_ / kChildren;
    point.name = "loss";
    point.value = 1.0 / static_cast<double>(1 + point_) + 0.1;
    point.step = point_ / kChildren;
    point.time_us = time_us_;
    ++point_;
    return event(hd::MetricReported{child, 0, std::move(point)});
  }

  void append(const std::vector<hd::Event>& events, hd::Durability durability) {
    store_->append(run_, epoch_, events, durability);
  }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<hd::RunStore> store_;
  std::string run_ = "HD_benchmark";
  int epoch_ = 0;
  std::int64_t number_ = 0;
  std::int64_t time_us_ = 1'760'000'000'000'000;
  std::int64_t point_ = 0;
};

/// Batches of metric points; with `verdicts`, every point is followed by what the policy said of
/// it.
void append_metrics(benchmark::State& state, bool verdicts) {
  Workload workload;
  const auto batch = static_cast<std::size_t>(state.range(0));
  std::vector<hd::Event> events;
  double longest = 0;
  for (auto _ : state) {
    state.PauseTiming();
    events.clear();
    while (events.size() < batch) {
      events.push_back(workload.metric());
      if (!verdicts) continue;
      const int child = std::get<hd::MetricReported>(events.back().body).child;
      events.push_back(workload.event(
          hd::PolicyJudged{child, {hd::PolicyVerdict::Outcome::kContinue, 3, 0.25, 0.5, 7}}));
    }
    state.ResumeTiming();
    const auto start = std::chrono::steady_clock::now();
    workload.append(events, hd::Durability::kProcessCrash);
    longest = std::max(
        longest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["longest_ms"] = longest * 1e3;
}

void append_started(benchmark::State& state, hd::Durability durability) {
  Workload workload;
  for (auto _ : state) {
    workload.append({workload.event(hd::ChildStarting{3, 0}),
                     workload.event(hd::ChildStarted{3, 0, "localhost", 1234})},
                    durability);
  }
}

}  // namespace

BENCHMARK_CAPTURE(append_metrics, points, false)
    ->Arg(1)
    ->Arg(3)
    ->Arg(100)
    ->Arg(1000)
    ->UseRealTime();
BENCHMARK_CAPTURE(append_metrics, points_and_verdicts, true)->Arg(1000)->UseRealTime();
BENCHMARK_CAPTURE(append_started, process_crash, hd::Durability::kProcessCrash)->UseRealTime();
BENCHMARK_CAPTURE(append_started, power_loss, hd::Durability::kPowerLoss)->UseRealTime();

BENCHMARK_MAIN();
