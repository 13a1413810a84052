#pragma once
#include "engine/core/parameter_space.h"
#include "engine/core/result.h"

namespace hd {

/// A configuration that comes from outside (JSON of another program, a file) as the space itself
/// would have made it: in the order of the space, each value with the type that the space gives it,
/// numbers as ExpressionLaw::nearest takes them. An option of a choice is also recognised as the
/// number 1.0 for 1, and as the texts "NaN", "Infinity" and "-Infinity", which JSON needs.
///
/// The error names every mistake: values outside their range, parameters that are missing, names
/// that the space does not have or that are not active beside the other values.
[[nodiscard]] Result<Configuration> adopt_configuration(const ParameterSpace& space,
                                                        const Configuration& outside);

/// The expression as a file has it: "loguniform [-6.0,-1.0]", "choice [16,32]"; shortened when
/// long.
[[nodiscard]] std::string to_text(const ParameterExpression& expression);

}  // namespace hd
