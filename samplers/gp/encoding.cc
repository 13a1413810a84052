#include "samplers/gp/encoding.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace hd::gp {
namespace {

using Eigen::Index;

/// Beyond this many values a stepped dimension is searched like a continuous one and rounded.
constexpr std::uint64_t kMostLevels = 200;
constexpr double kRootHalf = 0.70710678118654752440;

double normal_probability(double z) { return 0.5 * std::erfc(-z * kRootHalf); }

/// Share of the law below `x`.
double position(const ExpressionLaw& law, double x) {
  using Shape = ExpressionLaw::Shape;
  const bool is_log = law.shape == Shape::kLogUniform || law.shape == Shape::kLogNormal;
  const double y = is_log ? std::log(std::max(x, std::numeric_limits<double>::min())) : x;
  const bool is_range = law.shape == Shape::kUniform || law.shape == Shape::kLogUniform;
  // Halves, because max - min may overflow.
  const double share = is_range ? (y / 2 - law.a / 2) / (law.b / 2 - law.a / 2)
                                : normal_probability((y - law.a) / law.b);
  return std::isnan(share) ? 0.5 : std::clamp(share, 0.0, 1.0);
}

/// Ranks of a choice's options when all are different numbers.
std::vector<int> numeric_order(const Choice& choice) {
  std::vector<int> order(choice.options.size());
  std::iota(order.begin(), order.end(), 0);
  const auto number = [&](int i) {
    return choice.options[static_cast<std::size_t>(i)].value.as_number();
  };
  for (const ChoiceOption& option : choice.options) {
    if (!option.members.empty() || !option.value.is_number()) return {};
    if (!std::isfinite(option.value.as_number())) return {};
  }
  std::sort(order.begin(), order.end(), [&](int a, int b) { return number(a) < number(b); });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (number(order[i - 1]) == number(order[i])) return {};
  }
  return order;
}

std::vector<double> even_levels(std::size_t count) {
  std::vector<double> levels(count);
  for (std::size_t i = 0; i < count; ++i) {
    levels[i] = static_cast<double>(i) / static_cast<double>(count - 1);
  }
  return levels;
}

std::size_t nearest(const std::vector<double>& levels, double position) {
  const auto above = std::lower_bound(levels.begin(), levels.end(), position);
  if (above == levels.begin()) return 0;
  const auto i = static_cast<std::size_t>(above - levels.begin());
  if (above == levels.end()) return i - 1;
  return position - levels[i - 1] < levels[i] - position ? i - 1 : i;
}

bool same_number(const Value& a, const Value& b) {
  return a == b || (a.is_number() && b.is_number() && a.as_number() == b.as_number());
}

}  // namespace

Encoding::Encoding(ParameterSpace space) : space_(std::move(space)) {
  add(space_.parameters(), -1, -1);
  for (Dimension& dimension : dimensions_) {
    if (dimension.kind == Dimension::Kind::kFixed) continue;
    dimension.axis = axes_++;
    dimension.first_feature = static_cast<int>(groups_.size());
    const int count = dimension.kind == Dimension::Kind::kCategorical ? dimension.options : 1;
    groups_.insert(groups_.end(), static_cast<std::size_t>(count), dimension.axis);
  }
}

void Encoding::add(const std::vector<Parameter>& parameters, int parent, int option) {
  for (const Parameter& parameter : parameters) {
    Dimension dimension;
    dimension.name = parameter.name;
    dimension.parent = parent;
    dimension.option = option;
    const auto* choice = std::get_if<Choice>(&parameter.expression);
    if (choice != nullptr) {
      add_choice(*choice, dimension);
    } else if (const auto* randint = std::get_if<RandInt>(&parameter.expression)) {
      dimension.upper = randint->upper;
      if (randint->upper > 1) dimension.kind = Dimension::Kind::kStepped;
      if (dimension.kind == Dimension::Kind::kStepped &&
          static_cast<std::uint64_t>(randint->upper) <= kMostLevels) {
        dimension.levels = even_levels(static_cast<std::size_t>(randint->upper));
      }
    } else {
      dimension.law = law_of(parameter.expression);
      const auto count = dimension.law->count();
      if (count != 1) {
        dimension.kind =
            dimension.law->q > 0 ? Dimension::Kind::kStepped : Dimension::Kind::kContinuous;
      }
      if (dimension.kind == Dimension::Kind::kStepped && count && *count <= kMostLevels) {
        for (std::uint64_t i = 0; i < *count; ++i) {
          dimension.levels.push_back(position(*dimension.law, dimension.law->at(i).as_number()));
        }
      }
    }
    const int own = static_cast<int>(dimensions_.size());
    dimensions_.push_back(std::move(dimension));
    if (choice == nullptr) continue;
    for (std::size_t i = 0; i < choice->options.size(); ++i) {
      add(choice->options[i].members, own, static_cast<int>(i));
    }
  }
}

void Encoding::add_choice(const Choice& choice, Dimension& dimension) {
  dimension.options = static_cast<int>(choice.options.size());
  if (choice.options.size() == 1) return;
  dimension.order = numeric_order(choice);
  dimension.kind =
      dimension.order.empty() ? Dimension::Kind::kCategorical : Dimension::Kind::kStepped;
  if (!dimension.order.empty()) dimension.levels = even_levels(choice.options.size());
}

bool Encoding::encode_all(const std::vector<Parameter>& parameters,
                          std::size_t& next,
                          const Configuration& configuration,
                          bool strict,
                          Point& point) const {
  bool complete = true;
  for (const Parameter& parameter : parameters) {
    const Dimension& dimension = dimensions_[next];
    const auto own = static_cast<Index>(next++);
    const Value* value = configuration.find(parameter.name);
    const auto* choice = std::get_if<Choice>(&parameter.expression);
    if (choice == nullptr) {
      if (value == nullptr || !value->is_number() || std::isnan(value->as_number())) {
        complete = false;
      } else if (dimension.law) {
        if (strict && !dimension.law->contains(*value)) complete = false;
        point[own] = snap(dimension, position(*dimension.law, value->as_number()));
      } else if (dimension.upper > 1) {
        const double share = value->as_number() / static_cast<double>(dimension.upper - 1);
        if (strict && (share < 0 || share > 1)) complete = false;
        point[own] = snap(dimension, std::clamp(share, 0.0, 1.0));
      } else {
        point[own] = 0;
      }
      continue;
    }
    int drawn = -1;
    for (std::size_t i = 0; i < choice->options.size(); ++i) {
      const ChoiceOption& option = choice->options[i];
      Point attempt = point;
      const bool fits = option.members.empty()
                            ? value != nullptr && same_number(*value, option.value)
                            : encode_all(option.members, next, configuration, strict, attempt);
      if (!fits || drawn >= 0) continue;
      drawn = static_cast<int>(i);
      point = attempt;
    }
    complete = complete && drawn >= 0;
    point[own] = drawn;
    if (!dimension.order.empty() && drawn >= 0) {
      const auto rank = std::find(dimension.order.begin(), dimension.order.end(), drawn);
      point[own] = dimension.levels[static_cast<std::size_t>(rank - dimension.order.begin())];
    }
  }
  return complete;
}

std::optional<Point> Encoding::encode(const Configuration& configuration) const {
  for (const bool strict : {true, false}) {
    Point point = Point::Constant(static_cast<Index>(dimensions_.size()), kInactive);
    std::size_t next = 0;
    if (encode_all(space_.parameters(), next, configuration, strict, point)) return snap(point);
  }
  return std::nullopt;
}

Configuration Encoding::decode(const Point& point) const {
  std::vector<double> unit(dimensions_.size(), 0.5);
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    const Dimension& dimension = dimensions_[d];
    const double x = point[static_cast<Index>(d)];
    if (x == kInactive || dimension.kind == Dimension::Kind::kFixed) continue;
    unit[d] = x;
    if (dimension.options > 0) {
      const double option =
          dimension.order.empty() ? x : dimension.order[nearest(dimension.levels, x)];
      unit[d] = (option + 0.5) / dimension.options;
    } else if (dimension.upper > 0) {
      const auto upper = static_cast<double>(dimension.upper);
      unit[d] = (std::round(x * (upper - 1)) + 0.5) / upper;
    }
  }
  return space_.from_unit(unit);
}

Point Encoding::from_unit(std::span<const double> unit) const {
  Point point(static_cast<Index>(dimensions_.size()));
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    const Dimension& dimension = dimensions_[d];
    double x = std::clamp(unit[d], 0.0, 1.0);
    if (dimension.options > 0) {
      x = std::min(std::floor(x * dimension.options), dimension.options - 1.0);
      if (!dimension.order.empty()) x = dimension.levels[static_cast<std::size_t>(x)];
    } else if (dimension.upper > 1) {
      const auto upper = static_cast<double>(dimension.upper);
      x = std::min(std::floor(x * upper), upper - 1) / (upper - 1);
    }
    point[static_cast<Index>(d)] = x;
  }
  return snap(std::move(point));
}

double Encoding::snap(const Dimension& dimension, double x) const {
  switch (dimension.kind) {
    case Dimension::Kind::kFixed:
      return 0;
    case Dimension::Kind::kContinuous:
      return std::clamp(x, 0.0, 1.0);
    case Dimension::Kind::kCategorical:
      return std::clamp(std::round(x), 0.0, dimension.options - 1.0);
    case Dimension::Kind::kStepped:
      break;
  }
  if (!dimension.levels.empty()) return dimension.levels[nearest(dimension.levels, x)];
  if (dimension.law) return position(*dimension.law, dimension.law->quantile(x).as_number());
  const auto steps = static_cast<double>(dimension.upper - 1);
  return std::round(std::clamp(x, 0.0, 1.0) * steps) / steps;
}

Point Encoding::snap(Point point) const {
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    const Dimension& dimension = dimensions_[d];
    double& x = point[static_cast<Index>(d)];
    if (dimension.parent >= 0) {
      // A parent with nested options holds an option index, because maps are no numbers.
      if (point[dimension.parent] != dimension.option) {
        x = kInactive;
        continue;
      }
    }
    if (x == kInactive) x = dimension.kind == Dimension::Kind::kCategorical ? 0 : 0.5;
    x = snap(dimension, x);
  }
  return point;
}

Eigen::VectorXd Encoding::features(const Point& point) const {
  Eigen::VectorXd features = Eigen::VectorXd::Zero(static_cast<Index>(groups_.size()));
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    const Dimension& dimension = dimensions_[d];
    const double x = point[static_cast<Index>(d)];
    if (dimension.first_feature < 0) continue;
    if (dimension.kind != Dimension::Kind::kCategorical) {
      features[dimension.first_feature] = x == kInactive ? 0.5 : x;
    } else if (x == kInactive) {
      features.segment(dimension.first_feature, dimension.options)
          .setConstant(kRootHalf / dimension.options);
    } else {
      features[dimension.first_feature + static_cast<Index>(x)] = kRootHalf;
    }
  }
  return features;
}

}  // namespace hd::gp
