#pragma once
#include <string>
#include <string_view>

#include "engine/workspace/model_registry.h"

namespace hd {

/// The text of a version's `model.json`.
[[nodiscard]] std::string write_model_manifest(const RegisteredModel& model);

/// Reads such a text, also one that a script wrote. Throws StoreError that names `file` for text
/// that is no manifest, and for file names that lead out of the version's folder.
[[nodiscard]] RegisteredModel read_model_manifest(std::string_view text, const std::string& file);

}  // namespace hd
