#pragma once
#include <string>
#include <string_view>

#include "engine/core/executor.h"
#include "engine/core/result.h"

namespace hd {

/// The content of an attempt's spec.json. Strings that are not UTF-8 (arguments and environment may
/// hold any bytes) become {"base16": "..."}, so that everything is given to the script byte for
/// byte.
[[nodiscard]] std::string child_run_spec_to_json(const ChildRunSpec& spec);

/// Reads what child_run_spec_to_json wrote. The error says which member is missing or wrong.
[[nodiscard]] Result<ChildRunSpec> child_run_spec_from_json(std::string_view text);

}  // namespace hd
