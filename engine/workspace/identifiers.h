#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace hd {

/// Lower-case hexadecimal digits of `bytes` random bytes from the kernel.
[[nodiscard]] std::string random_hex(int bytes);

/// A new parent run id: `HD_<uuid4>`.
[[nodiscard]] std::string new_parent_run_id();

/// A new id of a script run: `<experiment>_<unix seconds>_<8 hex>`. Throws UsageError for a name
/// that is no experiment name.
[[nodiscard]] std::string new_script_run_id(std::string_view experiment, std::int64_t unix_seconds);

/// A letter or digit, then up to 255 letters, digits, underscores and dashes, all of ASCII. Such an
/// id is also a safe file name.
[[nodiscard]] bool is_valid_run_id(std::string_view id);
/// Throws UsageError with the rule unless valid.
void require_run_id(std::string_view id);

/// 1 to 100 letters, digits, underscores and dashes, the first one a letter or digit.
[[nodiscard]] bool is_valid_experiment_name(std::string_view name);
/// Throws UsageError with the rule and what broke it unless valid.
void require_experiment_name(std::string_view name);

/// Of models and compute targets: up to 255 letters, digits, dots, underscores and dashes, the
/// first one a letter or digit. Throws UsageError with the rule; `what` is the kind of thing named.
void require_file_name(std::string_view name, std::string_view what);

/// 64 lower-case hexadecimal digits.
[[nodiscard]] bool is_valid_snapshot_id(std::string_view id);

/// The text in quotes for a message: control characters escaped, cut when long.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace hd
