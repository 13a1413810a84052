#pragma once
#include <string>
#include <vector>

namespace hd {

/// A file of the repository that is made from the field tables.
struct GeneratedFile {
  std::string path;  ///< relative to the repository root
  std::string text;
};

/// docs/hdconfig.md, docs/runconfig.md, docs/schemas/hdconfig.schema.json and
/// docs/schemas/runconfig.schema.json.
[[nodiscard]] std::vector<GeneratedFile> generated_files();

/// The two documents and the two JSON Schemas alone.
[[nodiscard]] std::string hdconfig_document();
[[nodiscard]] std::string runconfig_document();
[[nodiscard]] std::string hdconfig_schema();
[[nodiscard]] std::string runconfig_schema();

}  // namespace hd
