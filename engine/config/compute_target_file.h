#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/findings.h"
#include "engine/core/compute_target.h"

namespace hd {

/// Reads the file of a compute target (YAML or JSON). Relative paths in it count from
/// `project_directory`, `~/` from this user's home. The member `known_hosts_file` is left empty.
/// Appends what is merely odd to `warnings`; throws ConfigError with every mistake at once.
[[nodiscard]] RemoteTarget read_compute_target(std::string_view text,
                                               const std::string& file,
                                               const std::string& project_directory,
                                               std::vector<Diagnostic>& warnings);

/// The file of a compute target; what has its default value is left out.
[[nodiscard]] std::string compute_target_text(const RemoteTarget& target);

}  // namespace hd
