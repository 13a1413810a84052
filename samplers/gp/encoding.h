#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>

#include "engine/core/expression_law.h"
#include "engine/core/parameter_space.h"
#include "samplers/gp/kernel.h"

namespace hd::gp {

/// One parameter of a space, nested ones included, as the model sees it.
struct Dimension {
  enum class Kind {
    kFixed,        ///< one value only: the model does not see it
    kContinuous,   ///< a number of [0, 1]
    kStepped,      ///< some numbers of [0, 1] only: q-forms, randint, choices between numbers
    kCategorical,  ///< the index of an option
  };
  Kind kind = Kind::kFixed;
  std::string name;
  int parent = -1;         ///< the choice that this one is nested in; -1 = always active
  int option = -1;         ///< of the parent, under which this one is active
  int options = 0;         ///< of a choice
  std::vector<int> order;  ///< stepped choice: option index by rank of its number
  std::int64_t upper = 0;  ///< of a randint
  std::optional<ExpressionLaw> law;
  std::vector<double> levels;  ///< stepped: all positions, rising; empty when there are too many
  int first_feature = -1;
  int axis = -1;  ///< length scale, -1 for a fixed dimension
};

/// A configuration as the model sees it: one coordinate per dimension, kInactive where there is
/// none.
using Point = Eigen::VectorXd;
inline constexpr double kInactive = -1;

/// Maps configurations to points and points to features. Every law maps to [0, 1] by its own
/// distribution (log forms in the logarithm, normal ones by their distribution function), so equal
/// distances mean equal shares of what the user offered. Immutable.
///
/// Features: a number is its own feature; an option is a corner of a simplex with edge 1, so that
/// any two options are equally far apart and the distance has one length scale. An inactive
/// dimension sits in its own centre, as far from everything as it is from the middle.
class Encoding {
 public:
  explicit Encoding(ParameterSpace space);

  [[nodiscard]] const ParameterSpace& space() const { return space_; }
  [[nodiscard]] const std::vector<Dimension>& dimensions() const { return dimensions_; }
  [[nodiscard]] const FeatureGroups& groups() const { return groups_; }
  [[nodiscard]] int axes() const { return axes_; }

  /// nullopt when the configuration does not name the parameters of this space. Values out of range
  /// are moved to its border.
  [[nodiscard]] std::optional<Point> encode(const Configuration& configuration) const;
  [[nodiscard]] Configuration decode(const Point& point) const;

  /// The point for a point of the unit cube, distributed as random sampling is.
  [[nodiscard]] Point from_unit(std::span<const double> unit) const;

  /// The valid point nearest to `point`: numbers on their levels, inactive dimensions cleared,
  /// newly active ones in the middle.
  [[nodiscard]] Point snap(Point point) const;
  [[nodiscard]] double snap(const Dimension& dimension, double position) const;

  [[nodiscard]] Eigen::VectorXd features(const Point& point) const;

 private:
  void add(const std::vector<Parameter>& parameters, int parent, int option);
  void add_choice(const Choice& choice, Dimension& dimension);
  bool encode_all(const std::vector<Parameter>& parameters,
                  std::size_t& next,
                  const Configuration& configuration,
                  bool strict,
                  Point& point) const;

  ParameterSpace space_;
  std::vector<Dimension> dimensions_;
  FeatureGroups groups_;
  int axes_ = 0;
};

}  // namespace hd::gp
