#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/metric.h"
#include "engine/core/parameter_space.h"

namespace hd {

// Samplers: `sampling.type`.
struct RandomSampling {
  std::optional<std::uint64_t> seed;
  bool sobol = false;  ///< `sampling.rule: sobol`
};
struct GridSampling {};
struct BayesianSampling {
  std::optional<std::uint64_t> seed;
};
using SamplingAlgorithm = std::variant<RandomSampling, GridSampling, BayesianSampling>;

// Early-termination policies: `policy.type`.
struct PolicySchedule {
  int evaluation_interval = 1;
  int delay_evaluation = 0;
};
struct BanditPolicyConfig {
  PolicySchedule schedule;
  std::optional<double> slack_factor;  ///< exactly one of the two is set
  std::optional<double> slack_amount;
};
struct MedianStoppingPolicyConfig {
  PolicySchedule schedule;
};
struct TruncationSelectionPolicyConfig {
  PolicySchedule schedule;
  int truncation_percentage = 0;  ///< 1 to 99
  bool exclude_finished_jobs = false;
};
struct NoTerminationPolicyConfig {};
using PolicyConfig = std::variant<NoTerminationPolicyConfig,
                                  BanditPolicyConfig,
                                  MedianStoppingPolicyConfig,
                                  TruncationSelectionPolicyConfig>;

/// A run that is named by its id, and where: for messages.
struct NamedRun {
  std::string run_id;
  int line = 0;  ///< from 1, in the file; 0 = on the command line
  int column = 0;
};

/// A sweep as an hdconfig or a v2 sweep file describes it. Plain data; the readers in engine/config
/// guarantee the ranges.
struct HyperDriveConfig {
  ParameterSpace parameter_space;
  SamplingAlgorithm sampling;
  PolicyConfig policy;
  std::string primary_metric_name;
  Goal primary_metric_goal = Goal::kMaximize;
  int max_total_runs = 1;
  int max_concurrent_runs = 1;
  int max_duration_minutes = 10080;             ///< HyperDrive's default of seven days
  std::optional<int> max_duration_seconds;      ///< v2 `limits.timeout`; wins over the minutes
  std::optional<int> max_run_duration_seconds;  ///< per child run; nullopt = no limit
  int max_retries = 0;
  std::vector<NamedRun> resume_from;        ///< parent runs
  std::vector<NamedRun> resume_child_runs;  ///< child runs
};

}  // namespace hd
