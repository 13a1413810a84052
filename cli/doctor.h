#pragma once
#include <string>

#include "engine/core/value.h"

namespace hd {

/// A list of {check, status, found, advice}; status is ok, missing or warning. `path` is where the
/// workspace is or would be. Starts short helper programs; changes nothing.
[[nodiscard]] Value doctor_report(const std::string& path);

}  // namespace hd
