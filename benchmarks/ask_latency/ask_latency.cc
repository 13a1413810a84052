// How long an ask of BayesianSampler takes on one core, by number of results, parameters and
// running children. Prints a table; times are processor time of this thread, so that other
// programs on the machine do not count.
//
//   ask_latency [asks per cell = 20] [results ... = 100 500 1000 2000]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/rng.h"
#include "samplers/bayesian_sampler.h"

namespace {

double processor_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

hd::ParameterSpace cube(int dimensions) {
  std::vector<hd::Parameter> parameters;
  for (int i = 0; i < dimensions; ++i) {
    parameters.push_back({std::to_string(i), hd::uniform(0, 1)});
  }
  return hd::ParameterSpace(std::move(parameters));
}

double value_of(const hd::Configuration& configuration, hd::Rng& rng) {
  double sum = 0;
  double i = 0;
  for (const auto& [name, value] : configuration.entries()) {
    sum += std::pow(value.as_number() - 0.3, 2) + 0.1 * std::sin(9 * value.as_number() + i);
    i += 1;
  }
  return sum + 0.01 * rng.next_unit();
}

struct Study {
  explicit Study(int dimensions) : sampler(cube(dimensions)), space(cube(dimensions)) {}
  void add(hd::Configuration configuration, bool ended) {
    hd::Trial trial;
    trial.id = static_cast<int>(request.trials.size());
    trial.value = ended ? value_of(configuration, rng) : std::numeric_limits<double>::quiet_NaN();
    trial.outcome = ended ? hd::Trial::Outcome::kFinished : hd::Trial::Outcome::kPending;
    trial.configuration = std::move(configuration);
    request.trials.push_back(std::make_shared<const hd::Trial>(std::move(trial)));
  }
  void add_random(int count) {
    std::vector<double> unit(static_cast<std::size_t>(space.unit_dimensions()));
    for (int i = 0; i < count; ++i) {
      for (double& u : unit) u = rng.next_unit();
      add(space.from_unit(unit), true);
    }
  }
  double ask(int pending) {
    hd::AskRequest now = request;
    Study* self = this;
    for (int i = 0; i < pending; ++i) {
      std::vector<double> unit(static_cast<std::size_t>(space.unit_dimensions()));
      for (double& u : unit) u = rng.next_unit();
      hd::Trial trial;
      trial.id = static_cast<int>(now.trials.size());
      trial.value = std::numeric_limits<double>::quiet_NaN();
      trial.configuration = space.from_unit(unit);
      now.trials.push_back(std::make_shared<const hd::Trial>(std::move(trial)));
    }
    now.first_index = static_cast<int>(now.trials.size());
    const double begin = processor_milliseconds();
    hd::AskResult result = sampler.ask(now);
    const double spent = processor_milliseconds() - begin;
    self->request.notes = result.notes;
    add(std::move(result.configurations.at(0)), true);
    return spent;
  }
  hd::BayesianSampler sampler;
  hd::ParameterSpace space;
  hd::AskRequest request;
  hd::Rng rng{1, hd::RngPurpose::kSimulation, 0};
};

/// Of this program alone: what getrusage tells has the caller's memory before exec in it.
double peak_resident_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

int main(int argc, char** argv) {
  const int asks = argc > 1 ? std::max(1, std::atoi(argv[1])) : 20;
  std::vector<int> sizes;
  for (int i = 2; i < argc; ++i) sizes.push_back(std::atoi(argv[i]));
  if (sizes.empty()) sizes = {100, 500, 1000, 2000};
  std::printf("%5s %8s %8s %14s %12s %12s %16s\n",
              "n",
              "params",
              "running",
              "first ask ms",
              "median ms",
              "mean ms",
              "refit share ms");
  for (const int dimensions : {10, 20}) {
    for (const int n : sizes) {
      for (const int pending : {0, 10}) {
        Study study(dimensions);
        study.add_random(n);
        // The first ask fits and factorises everything: what a refit costs, plus one ask.
        const double first = study.ask(pending);
        std::vector<double> times;
        for (int i = 0; i < asks; ++i) times.push_back(study.ask(pending));
        std::sort(times.begin(), times.end());
        const double median = times[times.size() / 2];
        double mean = 0;
        for (const double t : times) mean += t / static_cast<double>(times.size());
        // A refit comes once while the data grows by a tenth.
        const double refit = (first - median) / std::max(1.0, 0.1 * n);
        std::printf("%5d %8d %8d %14.1f %12.2f %12.2f %16.2f\n",
                    n,
                    dimensions,
                    pending,
                    first,
                    median,
                    mean,
                    refit);
        std::fflush(stdout);
      }
    }
  }
  std::printf("peak resident memory: %.0f MB\n", peak_resident_megabytes());
  return 0;
}
