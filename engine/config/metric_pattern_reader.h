#pragma once
#include "engine/config/tuning_reader.h"
#include "engine/core/metric_pattern.h"

namespace hd {

/// The runconfig's own expressions for printed metrics. Every one that cannot be used is reported.
[[nodiscard]] MetricPatterns read_metric_patterns(const FieldValues& values, Findings& findings);

}  // namespace hd
