#pragma once
#include <string>

#include "cli/submission.h"
#include "engine/core/value.h"

namespace hd {

/// What a submission would do: the space, how many configurations it has, the first ones, what the
/// policy will and can never do.
[[nodiscard]] Value check_report(const Submission& submission);

/// The same for people.
[[nodiscard]] std::string check_text(const Value& report);

}  // namespace hd
