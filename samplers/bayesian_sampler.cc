#include "samplers/bayesian_sampler.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <mutex>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include "engine/core/rng.h"
#include "samplers/gp/acquisition_optimizer.h"
#include "samplers/gp/encoding.h"
#include "samplers/gp/fit_notes.h"
#include "samplers/gp/gaussian_process.h"
#include "samplers/gp/marginal_likelihood.h"
#include "samplers/gp/proposal_reason.h"
#include "samplers/gp/trial_data.h"
#include "samplers/sobol_sampler.h"

namespace hd {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using gp::Encoding;
using gp::GaussianProcess;
using gp::Point;
using gp::TrialData;

/// Finite spaces up to this size are looked at as a whole.
constexpr std::uint64_t kExhaustiveSize = 2000;
/// Hyperparameters are fitted to at most this many rows.
constexpr Index kMostFitRows = 300;
/// Rows before the latest fit that are appended one by one all the same: children that end out of
/// order change rows near the end only, and the block before them is kept.
constexpr Index kLooseRows = 32;
/// Around how many of the best observations to look.
constexpr std::size_t kBestPoints = 5;

int start_points(const BayesianOptions& options, int axes) {
  if (options.start_points > 0) return options.start_points;
  return std::clamp(axes + 1, 4, 12);
}

/// Whether the latest results brought next to nothing: then small gains on a plateau, which a
/// rounded metric or an inactive parameter makes, must not go on hiding the rest of the space.
bool has_stalled(const TrialData& data) {
  constexpr Index kLatest = 6;
  constexpr double kLeastGain = 0.01;  // in standard deviations of the results
  if (data.ended() <= 2 * kLatest) return false;
  double before = std::numeric_limits<double>::infinity();
  double latest = before;
  for (Index i = 0; i < data.ended(); ++i) {
    double& best = i < data.ended() - kLatest ? before : latest;
    best = std::min(best, data.targets()[static_cast<std::size_t>(i)].value);
  }
  return latest > before - kLeastGain;
}

/// The rows to fit to: all, or the best quarter of the limit and an even share of the rest.
std::vector<Index> fit_rows(const TrialData& data) {
  std::vector<Index> rows(static_cast<std::size_t>(data.ended()));
  std::iota(rows.begin(), rows.end(), Index{0});
  if (data.ended() <= kMostFitRows) return rows;
  const auto target = [&](Index i) { return data.targets()[static_cast<std::size_t>(i)].value; };
  std::stable_sort(
      rows.begin(), rows.end(), [&](Index a, Index b) { return target(a) < target(b); });
  const auto best = static_cast<std::size_t>(kMostFitRows / 4);
  const auto limit = static_cast<std::size_t>(kMostFitRows);
  std::vector<Index> chosen(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(best));
  for (std::size_t i = 0; i < limit - best; ++i) {
    chosen.push_back(rows[best + i * (rows.size() - best) / (limit - best)]);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

gp::FitNotes fit(const Encoding& encoding,
                 const TrialData& data,
                 const std::optional<gp::FitNotes>& previous,
                 const BayesianOptions& options,
                 std::string& warning) {
  const std::vector<Index> rows = fit_rows(data);
  MatrixXd x(data.features().rows(), static_cast<Index>(rows.size()));
  VectorXd y(static_cast<Index>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    x.col(static_cast<Index>(i)) = data.features().col(rows[i]);
    y[static_cast<Index>(i)] = data.targets()[static_cast<std::size_t>(rows[i])].value;
  }
  gp::Priors priors;
  priors.noise_location = options.noise_location;
  priors.noise_width = options.noise_width;
  priors.greatest_length = options.greatest_length;
  const gp::MarginalLikelihood likelihood(
      std::move(x), std::move(y), encoding.groups(), encoding.axes(), priors);
  std::vector<gp::Hyperparameters> starts;
  if (previous) starts.push_back(previous->hyperparameters);
  // The start where nothing is known leads out of a poor optimum; with much data there are few.
  if (!previous || data.ended() < 60) starts.push_back(likelihood.default_start());
  const gp::Fit fitted = gp::fit_hyperparameters(likelihood, starts, options.fit_evaluations);
  if (!fitted.succeeded) {
    warning = "The length scales could not be fitted; the ask went on with default ones.";
  }
  return {data.ended(), fitted.hyperparameters};
}

}  // namespace

class BayesianSampler::State {
 public:
  State(ParameterSpace space, const BayesianOptions& options)
      : encoding_(space), start_(std::move(space)), options_(options) {}

  const Encoding& encoding() const { return encoding_; }
  AskResult ask(const AskRequest& request);

 private:
  struct Choice {
    Configuration configuration;
    gp::Reason reason;
  };
  using Asked = std::unordered_set<std::string>;
  /// The model of one ask. Grows by each configuration that the ask has chosen.
  struct Model {
    std::unique_ptr<GaussianProcess> process;
    VectorXd means;        ///< of the rows with targets
    double incumbent = 0;  ///< least posterior mean, also of running and chosen configurations:
                           ///< without these, the point chosen last would promise the same again
  };

  std::optional<Choice> start_point(const AskRequest& request, int index, const Asked& asked) const;
  std::optional<Choice> unseen(std::uint64_t seed, int index, const Asked& asked) const;
  std::unique_ptr<GaussianProcess> take_model(const gp::Hyperparameters& hyperparameters);
  void keep_model(std::unique_ptr<GaussianProcess> model);
  gp::EncodedTrials take_encoded();
  void keep_encoded(gp::EncodedTrials encoded);
  Model prepare(const AskRequest& request, const TrialData& data, AskResult& result);
  std::optional<Choice> improve(const AskRequest& request,
                                const TrialData& data,
                                int index,
                                const Asked& asked,
                                Model& model) const;
  /// Of a configuration that the ask has chosen.
  void take_as_running(Model& model, const Point& point) const;
  std::vector<gp::Proposal> propose(const AskRequest& request,
                                    const TrialData& data,
                                    int index,
                                    const Asked& asked,
                                    const Model& model) const;
  gp::SearchOptions search_options(Index rows) const;
  double margin(const TrialData& data, int index) const;

  Encoding encoding_;
  SobolSampler start_;
  BayesianOptions options_;
  std::mutex mutex_;
  // Guarded by mutex_; an ask takes them out while it uses them.
  std::unique_ptr<GaussianProcess> kept_;
  gp::EncodedTrials encoded_;
};

std::optional<BayesianSampler::State::Choice> BayesianSampler::State::start_point(
    const AskRequest& request, int index, const Asked& asked) const {
  if (index == 0) {
    const std::vector<double> middle(encoding_.dimensions().size(), 0.5);
    const Configuration center = encoding_.decode(encoding_.from_unit(middle));
    if (!asked.contains(to_json(center))) {
      return Choice{center, gp::start_up_reason("the center of the space")};
    }
  }
  constexpr int kTries = 20;
  for (int t = 0; t < kTries; ++t) {
    // Tries lie a million points apart, so that no start-up point takes another one's place.
    const auto number = static_cast<std::uint64_t>(index) + static_cast<std::uint64_t>(t) * 1000003;
    Configuration drawn =
        encoding_.space().from_unit(start_.point(request.seed, number & 0xffffffffU));
    if (asked.contains(to_json(drawn))) continue;
    return Choice{std::move(drawn),
                  gp::start_up_reason("scrambled Sobol point " + std::to_string(number))};
  }
  return unseen(request.seed, index, asked);
}

std::optional<BayesianSampler::State::Choice> BayesianSampler::State::unseen(
    std::uint64_t seed, int index, const Asked& asked) const {
  Rng rng(seed,
          RngPurpose::kBayesianSampling,
          (std::uint64_t{1} << 40) + static_cast<std::uint64_t>(index));
  const gp::Reason reason = gp::unseen_reason();
  constexpr int kTries = 200;
  std::vector<double> unit(encoding_.dimensions().size());
  for (int t = 0; t < kTries; ++t) {
    for (double& u : unit) u = rng.next_unit();
    Configuration drawn = encoding_.space().from_unit(unit);
    if (!asked.contains(to_json(drawn))) return Choice{std::move(drawn), reason};
  }
  const auto size = encoding_.space().size();
  if (!size) return std::nullopt;
  // Nearly exhausted: among as many neighbours as were asked, at least one is new, or none is left.
  const std::uint64_t first = rng.next_below(*size);
  constexpr std::uint64_t kMostSteps = 1'000'000;
  for (std::uint64_t i = 0; i < std::min(*size, kMostSteps); ++i) {
    Configuration next = encoding_.space().at((first + i) % *size);
    if (!asked.contains(to_json(next))) return Choice{std::move(next), reason};
  }
  return std::nullopt;
}

std::unique_ptr<GaussianProcess> BayesianSampler::State::take_model(
    const gp::Hyperparameters& hyperparameters) {
  {
    const std::lock_guard lock(mutex_);
    if (kept_ && kept_->hyperparameters() == hyperparameters) return std::move(kept_);
  }
  return std::make_unique<GaussianProcess>(encoding_.groups(), hyperparameters);
}

void BayesianSampler::State::keep_model(std::unique_ptr<GaussianProcess> model) {
  const std::lock_guard lock(mutex_);
  kept_ = std::move(model);
}

gp::EncodedTrials BayesianSampler::State::take_encoded() {
  const std::lock_guard lock(mutex_);
  return std::exchange(encoded_, {});
}

void BayesianSampler::State::keep_encoded(gp::EncodedTrials encoded) {
  const std::lock_guard lock(mutex_);
  encoded_ = std::move(encoded);
}

BayesianSampler::State::Model BayesianSampler::State::prepare(const AskRequest& request,
                                                              const TrialData& data,
                                                              AskResult& result) {
  auto notes = gp::read_notes(request.notes, encoding_.axes());
  const bool stale = !notes || notes->rows > data.ended() ||
                     static_cast<double>(data.ended()) >=
                         static_cast<double>(notes->rows) +
                             std::max(1.0, options_.refit_share * static_cast<double>(notes->rows));
  if (stale) notes = fit(encoding_, data, notes, options_, result.warning);
  result.notes = gp::write_notes(*notes);
  auto model = take_model(notes->hyperparameters);
  model->set_inputs(data.features(), std::max<Index>(0, notes->rows - kLooseRows));
  model->set_targets(data.targets());
  if (model->jittered_rows() > 0) {
    result.warning = std::to_string(model->jittered_rows()) +
                     " results lie so close together that the model took them as noisier than "
                     "they are.";
  }
  VectorXd means = model->fitted_means();
  const double incumbent = means.minCoeff();
  return {std::move(model), std::move(means), incumbent};
}

/// By how much a configuration has to improve on the incumbent to count. Every second ask goes on
/// refining what is best.
double BayesianSampler::State::margin(const TrialData& data, int index) const {
  return index % 2 == 1 && has_stalled(data) ? options_.stalled_margin : 0;
}

gp::SearchOptions BayesianSampler::State::search_options(Index rows) const {
  gp::SearchOptions search;
  // The work of a raw point grows with n² (its variance); the total is kept within a budget.
  const double n = static_cast<double>(rows);
  const double budget = 1.5e7 * options_.search_effort;
  const double points =
      std::clamp(budget / (n * n + 60 * n + 1), 64.0, 800 * options_.search_effort);
  search.spread_points = static_cast<int>(points * 0.6);
  search.near_points = static_cast<int>(points * 0.4);
  search.starts = rows > 1000 ? 3 : 4;
  search.evaluations = rows > 1000 ? 15 : 30;
  return search;
}

std::vector<gp::Proposal> BayesianSampler::State::propose(const AskRequest& request,
                                                          const TrialData& data,
                                                          int index,
                                                          const Asked& asked,
                                                          const Model& model) const {
  const GaussianProcess& process = *model.process;
  const double incumbent = model.incumbent - margin(data, index);
  const gp::AcquisitionOptimizer optimizer(encoding_, search_options(process.rows()));
  const auto size = encoding_.space().size();
  if (size && *size <= kExhaustiveSize) {
    std::vector<Point> points;
    for (std::uint64_t i = 0; i < *size; ++i) {
      const Configuration configuration = encoding_.space().at(i);
      if (asked.contains(to_json(configuration))) continue;
      if (auto point = encoding_.encode(configuration)) points.push_back(std::move(*point));
    }
    std::vector<gp::Proposal> proposals;
    const VectorXd values = optimizer.evaluate(process, incumbent, points);
    for (std::size_t i = 0; i < points.size(); ++i) {
      proposals.push_back({std::move(points[i]), values[static_cast<Index>(i)]});
    }
    std::stable_sort(proposals.begin(), proposals.end(), [](const auto& a, const auto& b) {
      return a.value > b.value;
    });
    return proposals;
  }
  std::vector<Index> order(static_cast<std::size_t>(data.ended()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return model.means[a] < model.means[b];
  });
  std::vector<Point> best;
  for (const Index i : order) {
    if (best.size() == kBestPoints) break;
    best.push_back(data.points()[static_cast<std::size_t>(i)]);
  }
  Rng rng(request.seed, RngPurpose::kBayesianSampling, static_cast<std::uint64_t>(index));
  return optimizer.search(process, incumbent, best, rng);
}

std::optional<BayesianSampler::State::Choice> BayesianSampler::State::improve(
    const AskRequest& request,
    const TrialData& data,
    int index,
    const Asked& asked,
    Model& model) const {
  for (const gp::Proposal& proposal : propose(request, data, index, asked, model)) {
    Configuration configuration = encoding_.decode(proposal.point);
    if (asked.contains(to_json(configuration))) continue;
    gp::Reason reason = gp::proposal_reason(
        encoding_, data, *model.process, proposal, model.incumbent - margin(data, index));
    take_as_running(model, proposal.point);
    return Choice{std::move(configuration), std::move(reason)};
  }
  std::optional<Choice> choice = unseen(request.seed, index, asked);
  if (choice) {
    if (const auto point = encoding_.encode(choice->configuration)) take_as_running(model, *point);
  }
  return choice;
}

void BayesianSampler::State::take_as_running(Model& model, const Point& point) const {
  const VectorXd features = encoding_.features(point);
  const double mean = model.process->predict(features, false).mean[0];
  model.incumbent = std::min(model.incumbent, mean);
  model.process->append_input(features);
}

AskResult BayesianSampler::State::ask(const AskRequest& request) {
  AskResult result;
  result.notes = request.notes;
  gp::EncodedTrials encoded = take_encoded();
  const TrialData data(encoding_, request, static_cast<gp::OutputWarp>(options_.warp), encoded);
  keep_encoded(std::move(encoded));
  Asked asked = data.asked();
  const int starts = start_points(options_, encoding_.axes());
  const auto known = static_cast<int>(data.points().size());
  Model model;
  bool model_failed = false;
  for (int i = 0; i < request.count; ++i) {
    const int index = request.first_index + i;
    const bool starting =
        known + i < starts || (data.finished() < 2 && known + i < 4 * starts) || data.ended() == 0;
    std::optional<Choice> choice;
    if (!starting && !model_failed && encoding_.axes() > 0) {
      try {
        if (!model.process) {
          model = prepare(request, data, result);
          // Start-up points of the same ask.
          for (const Configuration& earlier : result.configurations) {
            if (const auto point = encoding_.encode(earlier)) take_as_running(model, *point);
          }
        }
        choice = improve(request, data, index, asked, model);
      } catch (const std::exception& e) {
        model = {};
        model_failed = true;
        result.warning =
            std::string("The model could not be used, start-up points take its place: ") + e.what();
      }
    }
    if (!choice) choice = start_point(request, index, asked);
    if (!choice) break;
    asked.insert(to_json(choice->configuration));
    result.configurations.push_back(std::move(choice->configuration));
    result.reasons.push_back(std::move(choice->reason.text));
    result.details.push_back(std::move(choice->reason.details));
  }
  if (model.process) keep_model(std::move(model.process));
  return result;
}

BayesianSampler::BayesianSampler(ParameterSpace space, BayesianOptions options)
    : state_(std::make_unique<State>(std::move(space), options)) {}

BayesianSampler::~BayesianSampler() = default;

AskResult BayesianSampler::ask(const AskRequest& request) const { return state_->ask(request); }

std::optional<std::uint64_t> BayesianSampler::limit() const {
  return state_->encoding().space().size();
}

}  // namespace hd
