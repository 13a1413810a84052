// A long sweep in compressed form: many child runs through the simulated executor, the real loop, a
// real policy and a real history file in the current directory. Prints, for every tenth of the
// sweep, what a child costs, the resident memory and the open descriptors.
//   soak [child runs, 100000 by default]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "engine/core/rng.h"
#include "engine/loop/tuner_loop.h"
#include "executors/simulated/simulated_executor.h"
#include "executors/simulated/virtual_clock.h"
#include "policies/factory.h"
#include "samplers/factory.h"

namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kSecond = 1'000'000;
constexpr int kReports = 10;

double resident_megabytes() {
  long pages = 0;
  long resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / 1e6;
}

long open_descriptors() {
  return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator{}) - 1;
}

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

hd::SimulatedAttempt learning_curve(const hd::ChildRunSpec& spec) {
  hd::Rng rng(1, hd::RngPurpose::kTest, static_cast<std::uint64_t>(spec.child));
  const double quality = rng.next_unit();
  hd::SimulatedAttempt attempt;
  for (int i = 1; i <= kReports; ++i) {
    attempt.reports.push_back({i * 60 * kSecond, "score", quality * i / kReports});
  }
  attempt.duration_us = (kReports * 60 + 1) * kSecond;
  if (rng.next_below(50) == 0) attempt.exit.code = 1;
  return attempt;
}

hd::TunerLoopParts parts(const hd::ParentRunSpec& spec, int children) {
  hd::TunerLoopParts parts;
  parts.spec = spec;
  hd::HyperDriveConfig& config = parts.config;
  config.parameter_space =
      hd::ParameterSpace{{"--lr", hd::loguniform(-6, -1)}, {"--units", hd::randint(100'000'000)}};
  config.sampling = hd::RandomSampling{.seed = 7};
  hd::BanditPolicyConfig bandit;
  bandit.slack_factor = 0.5;
  bandit.schedule.delay_evaluation = 2;
  config.policy = bandit;
  config.primary_metric_name = "score";
  config.primary_metric_goal = hd::Goal::kMaximize;
  config.max_total_runs = children;
  config.max_concurrent_runs = 100;
  config.max_duration_minutes = 100'000'000;
  parts.sampler = hd::make_sampler(config.parameter_space, config.sampling);
  parts.policy = hd::make_policy(config.policy, config.primary_metric_goal);
  parts.child_spec = [](const hd::ChildRun& child, int attempt) {
    hd::ChildRunSpec one;
    one.child = child.index;
    one.attempt = attempt;
    return one;
  };
  parts.command_poll = std::chrono::milliseconds(0);
  return parts;
}

/// Prints a line for each tenth of the sweep.
class Tenths final : public hd::RunObserver {
 public:
  explicit Tenths(int children) : step_(children / 10) {}

  void on_events(std::span<const hd::Event>, const hd::History& history) override {
    if (history.results() < (printed_ + 1) * step_) return;
    ++printed_;
    const double cpu = cpu_seconds();
    std::printf("%10d %14.1f %12.1f %12ld\n",
                history.results(),
                (cpu - cpu_) / step_ * 1e6,
                resident_megabytes(),
                open_descriptors());
    std::fflush(stdout);
    cpu_ = cpu;
  }

 private:
  int step_;
  int printed_ = 0;
  double cpu_ = cpu_seconds();
};

}  // namespace

int main(int argc, char** argv) {
  const int children = argc > 1 ? std::atoi(argv[1]) : 100'000;
  if (children < 10) {
    std::fprintf(stderr, "usage: soak [child runs, at least 10]\n");
    return 2;
  }
  const fs::path folder = fs::current_path() / "soak.tmp";
  fs::remove_all(folder);
  fs::create_directory(folder);
  {
    hd::RunStore store((folder / "history.db").string());
    hd::ParentRunSpec spec;
    spec.run_id = "HD_soak";
    spec.experiment = "soak";
    spec.keep_going = true;
    hd::VirtualClock clock;
    store.create_parent(spec, "score", hd::Goal::kMaximize, clock.now_us());
    boost::asio::io_context io;
    hd::TunerLoop loop(io, clock, store, parts(spec, children));
    hd::SimulatedExecutor executor(clock, loop, learning_curve);
    Tenths tenths(children);
    loop.set_executor(executor);
    loop.add_observer(tenths);
    std::printf(
        "%10s %14s %12s %12s\n", "child runs", "us CPU/child", "MB resident", "descriptors");
    const hd::RunStatus status = loop.run();
    std::printf("%s; history %.0f MB\n",
                std::string(hd::status_name(status)).c_str(),
                static_cast<double>(fs::file_size(folder / "history.db")) / 1e6);
  }
  fs::remove_all(folder);
  return 0;
}
