#pragma once
#include <string>
#include <vector>

namespace hd {

/// A file of the repository that is made from the field tables.
struct GeneratedFile {
  std::string path;  ///< relative to the repository root
  std::string text;
};

/// docs/hdconfig.md, docs/runconfig.md, docs/computetarget.md and the JSON Schemas of the three
/// kinds of file in docs/schemas.
[[nodiscard]] std::vector<GeneratedFile> generated_files();

/// The documents and the JSON Schemas alone.
[[nodiscard]] std::string hdconfig_document();
[[nodiscard]] std::string runconfig_document();
[[nodiscard]] std::string compute_target_document();
[[nodiscard]] std::string hdconfig_schema();
[[nodiscard]] std::string runconfig_schema();
[[nodiscard]] std::string compute_target_schema();

}  // namespace hd
