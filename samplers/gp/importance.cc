#include "samplers/gp/importance.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "samplers/gp/hyperparameter_draws.h"
#include "samplers/gp/length_scales.h"
#include "samplers/gp/marginal_likelihood.h"
#include "samplers/gp/posterior_draws.h"
#include "samplers/gp/trial_data.h"
#include "samplers/gp/variance_shares.h"

namespace hd::gp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Hyperparameters are fitted to at most so many rows, functions drawn from at most so many.
constexpr Index kMostFitRows = 300;
constexpr Index kMostRows = 2000;
constexpr int kFitEvaluations = 100;
/// Kernel values that the shares may cost, for each draw of hyperparameters.
constexpr double kMostKernelValues = 6e7;
constexpr int kLeastBasePoints = 128;
constexpr double kTail = 0.05;

struct Observations {
  MatrixXd x;  ///< F × n
  std::vector<Target> targets;
  VectorXd y;  ///< their values
};

/// An even choice of at most `limit` of the numbers up to `count`.
std::vector<Index> even_rows(Index count, Index limit) {
  std::vector<Index> rows(static_cast<std::size_t>(std::min(count, limit)));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto n = static_cast<Index>(i);
    rows[i] = count <= limit ? n : n * count / limit;
  }
  return rows;
}

/// An even choice of at most `limit` ended runs. Canceled ones stand at their bounds.
Observations choose(const TrialData& data, Index limit) {
  const std::vector<Index> rows = even_rows(data.ended(), limit);
  Observations chosen;
  chosen.x.resize(data.features().rows(), static_cast<Index>(rows.size()));
  chosen.y.resize(static_cast<Index>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto column = static_cast<Index>(i);
    chosen.x.col(column) = data.features().col(rows[i]);
    chosen.targets.push_back(data.targets()[static_cast<std::size_t>(rows[i])]);
    chosen.y[column] = chosen.targets.back().value;
  }
  return chosen;
}

/// Moves canceled runs to where the model expects them, at their bounds or beyond.
void fill_in(const Encoding& encoding, const Hyperparameters& hyperparameters, Observations& runs) {
  GaussianProcess model(encoding.groups(), hyperparameters);
  model.set_inputs(runs.x, runs.x.cols());
  model.set_targets(runs.targets);
  runs.y = model.targets();
}

/// Ranks, the mean of theirs for equal values.
VectorXd ranks(const VectorXd& values) {
  std::vector<Index> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return values[a] < values[b]; });
  VectorXd ranked(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i + 1;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (std::size_t j = i; j < end; ++j) {
      ranked[order[j]] = static_cast<double>(i + end - 1) / 2;
    }
    i = end;
  }
  return ranked;
}

double correlation(const VectorXd& a, const VectorXd& b) {
  const VectorXd x = a.array() - a.mean();
  const VectorXd y = b.array() - b.mean();
  const double norms = x.norm() * y.norm();
  return norms > 0 ? x.dot(y) / norms : 0;
}

void judge_model(const Observations& observed,
                 const FeatureGroups& groups,
                 const Hyperparameters& hyperparameters,
                 Importance& importance) {
  const VectorXd all = leave_one_out_means(observed.x, observed.y, groups, hyperparameters);
  std::vector<Index> known;  // of a canceled run there is nothing to compare with
  for (std::size_t i = 0; i < observed.targets.size(); ++i) {
    if (observed.targets[i].kind == Target::Kind::kExact) known.push_back(static_cast<Index>(i));
  }
  VectorXd predicted(static_cast<Index>(known.size())), actual(predicted.size());
  for (std::size_t i = 0; i < known.size(); ++i) {
    predicted[static_cast<Index>(i)] = all[known[i]];
    actual[static_cast<Index>(i)] = observed.y[known[i]];
  }
  const double spread = (actual.array() - actual.mean()).square().sum();
  importance.explained = spread > 0 ? 1 - (actual - predicted).squaredNorm() / spread : 0;
  importance.rank_correlation = correlation(ranks(actual), ranks(predicted));
}

/// All draws of one dimension, from all draws of hyperparameters.
using Draws = std::vector<double>;

Share summary(double estimate, Draws draws) {
  if (draws.empty()) return {};
  std::sort(draws.begin(), draws.end());
  const auto quantile = [&](double p) {
    const double at = p * static_cast<double>(draws.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, draws.size() - 1);
    return draws[below] + (at - static_cast<double>(below)) * (draws[above] - draws[below]);
  };
  // The estimator may leave [0, 1] by its error, a share may not.
  const auto bounded = [](double x) { return std::clamp(x, 0.0, 1.0); };
  const double value = bounded(estimate);
  return {value,
          std::min(value, bounded(quantile(kTail))),
          std::max(value, bounded(quantile(1 - kTail)))};
}

struct ShareDraws {
  explicit ShareDraws(std::size_t dimensions)
      : first_order(dimensions), total(dimensions), total_where_active(dimensions) {}
  void add(const VarianceShares& shares) {
    for (std::size_t d = 0; d < total.size(); ++d) {
      for (Index i = 0; i < shares.total.cols(); ++i) {
        const auto row = static_cast<Index>(d);
        // What a parameter does by itself is part of what it does: the total estimate has the
        // lesser error.
        const double whole = shares.total(row, i);
        first_order[d].push_back(std::min(shares.first_order(row, i), whole));
        total[d].push_back(whole);
        total_where_active[d].push_back(shares.total_where_active(row, i));
      }
    }
  }
  std::vector<Draws> first_order, total, total_where_active;
};

/// How often random sampling makes a dimension active.
double active_share(const std::vector<Dimension>& dimensions, const Dimension& dimension) {
  if (dimension.parent < 0) return 1;
  const Dimension& parent = dimensions[static_cast<std::size_t>(dimension.parent)];
  return active_share(dimensions, parent) / parent.options;
}

int affordable_points(const ImportanceOptions& options, Index rows, std::size_t dimensions) {
  const double affordable =
      kMostKernelValues / (static_cast<double>(rows) * static_cast<double>(dimensions + 2));
  int points = options.base_points;
  // Sobol points come in powers of two.
  while (points > kLeastBasePoints && points > affordable) points /= 2;
  return points;
}

void rank_parameters(const Encoding& encoding,
                     const VarianceShares& estimate,
                     const ShareDraws& draws,
                     Importance& importance) {
  for (std::size_t d = 0; d < encoding.dimensions().size(); ++d) {
    const Dimension& dimension = encoding.dimensions()[d];
    if (dimension.kind == Dimension::Kind::kFixed) continue;
    ParameterImportance& parameter = importance.parameters.emplace_back();
    parameter.name = display_name(encoding, d);
    parameter.active_share = active_share(encoding.dimensions(), dimension);
    const auto row = static_cast<Index>(d);
    const double total = estimate.total(row, 0);
    parameter.first_order =
        summary(std::min(estimate.first_order(row, 0), total), draws.first_order[d]);
    parameter.total = summary(total, draws.total[d]);
    parameter.total_where_active =
        summary(estimate.total_where_active(row, 0), draws.total_where_active[d]);
  }
  std::stable_sort(importance.parameters.begin(),
                   importance.parameters.end(),
                   [](const ParameterImportance& a, const ParameterImportance& b) {
                     return a.total.value > b.total.value;
                   });
}

std::vector<std::shared_ptr<const Trial>> ended(
    const std::vector<std::shared_ptr<const Trial>>& trials) {
  std::vector<std::shared_ptr<const Trial>> ended;
  for (const auto& trial : trials) {
    if (trial->outcome != Trial::Outcome::kPending) ended.push_back(trial);
  }
  return ended;
}

Result<TrialData> read_trials(const Encoding& encoding,
                              Goal goal,
                              const std::vector<std::shared_ptr<const Trial>>& trials,
                              OutputWarp warp) {
  if (encoding.axes() == 0) return Error{"no parameter has more than one value"};
  AskRequest request;
  request.goal = goal;
  request.trials = ended(trials);
  EncodedTrials encoded;
  TrialData data(encoding, request, warp, encoded);
  if (data.finished() < kLeastResults) {
    return Error{"needs at least " + std::to_string(kLeastResults) +
                 " runs that ended with a finite result; found " + std::to_string(data.finished())};
  }
  const VectorXd values = choose(data, data.ended()).y;
  if (values.minCoeff() == values.maxCoeff()) {
    return Error{"all " + std::to_string(data.finished()) + " results are the same"};
  }
  return data;
}

}  // namespace

Result<Importance> importance(const ParameterSpace& space,
                              Goal goal,
                              const std::vector<std::shared_ptr<const Trial>>& trials,
                              std::uint64_t seed,
                              const ImportanceOptions& options) {
  const Encoding encoding(space);
  const Result<TrialData> read =
      read_trials(encoding, goal, trials, static_cast<OutputWarp>(options.model.warp));
  if (!read) return read.error();
  const TrialData& data = *read;

  const Observations fitted = choose(data, kMostFitRows);
  Priors priors;
  priors.noise_location = options.model.noise_location;
  priors.noise_width = options.model.noise_width;
  priors.greatest_length = options.model.greatest_length;
  const MarginalLikelihood likelihood(
      fitted.x, fitted.y, encoding.groups(), encoding.axes(), priors);
  const Hyperparameters mode =
      fit_hyperparameters(likelihood, {likelihood.default_start()}, kFitEvaluations)
          .hyperparameters;
  Observations observed = choose(data, kMostRows);
  fill_in(encoding, mode, observed);

  Importance importance;
  importance.results = data.finished();
  importance.other_runs = static_cast<int>(data.ended()) - data.finished();
  importance.modeled_runs = static_cast<int>(observed.y.size());
  judge_model(observed, encoding.groups(), mode, importance);

  Rng rng(seed, RngPurpose::kVarianceShares, 0);
  const auto hyperparameters =
      draw_hyperparameters(likelihood, mode, options.hyperparameter_draws, rng);
  const int points = affordable_points(options, observed.y.size(), encoding.dimensions().size());
  const auto shares_of = [&](const PosteriorDraws& functions, int base_points) {
    const auto evaluate = [&](const std::vector<Point>& at) {
      MatrixXd features(observed.x.rows(), static_cast<Index>(at.size()));
      for (std::size_t i = 0; i < at.size(); ++i) {
        features.col(static_cast<Index>(i)) = encoding.features(at[i]);
      }
      return functions.evaluate(features);
    };
    return variance_shares(encoding, evaluate, base_points, rng.next_u64());
  };
  const VarianceShares estimate =
      shares_of(PosteriorDraws::mean(observed.x, observed.y, encoding.groups(), mode), 4 * points);
  ShareDraws draws(encoding.dimensions().size());
  for (const Hyperparameters& h : hyperparameters) {
    const PosteriorDraws functions(
        observed.x, observed.y, encoding.groups(), h, options.function_draws, rng);
    draws.add(shares_of(functions, points));
  }
  rank_parameters(encoding, estimate, draws, importance);
  return importance;
}

}  // namespace hd::gp
