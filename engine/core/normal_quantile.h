#pragma once

namespace hd {

/// The z for which a standard normal variable is below z with the given probability, to about 1e-15
/// relative. Never infinite: the probability is taken as at least 2^-54 and at most 1 - 2^-53.
[[nodiscard]] double normal_quantile(double probability);

}  // namespace hd
