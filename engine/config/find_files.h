#pragma once
#include <filesystem>
#include <string>

namespace hd {

/// A configuration file that was looked for.
struct FoundFile {
  std::filesystem::path path;
  std::string note;  ///< something the user should know about the choice; usually empty
};

/// Finds the hdconfig that `--hyperdrive-configuration-name` names: `name` itself when it is an
/// existing file; otherwise a file anywhere under `folder` whose name ends with `name`. Of several
/// the last one in path order is taken, and the note names the others. Folders of tools (.git,
/// .hdrive, .venv, ...) are not searched, symbolic links to folders not followed, and the search is
/// bounded. Throws UsageError or NotFoundError saying what was looked for and where.
[[nodiscard]] FoundFile find_hdconfig(const std::filesystem::path& folder, const std::string& name);

/// Finds the runconfig that `-c` names, in this order: <folder>/.azureml/NAME,
/// <folder>/aml_config/NAME, both again with `.runconfig` added, <folder>/NAME.runconfig, and NAME
/// itself when it is an existing file. Throws as find_hdconfig.
[[nodiscard]] FoundFile find_runconfig(const std::filesystem::path& folder,
                                       const std::string& name);

/// The text of a configuration file. Throws NotFoundError when it cannot be read, ConfigError when
/// it is larger than any configuration file.
[[nodiscard]] std::string read_config_text(const std::filesystem::path& path);

}  // namespace hd
