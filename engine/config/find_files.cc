#include "engine/config/find_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "engine/config/document.h"
#include "engine/core/error.h"

namespace hd {
namespace {

namespace fs = std::filesystem;

/// Enough for any project; a search from the root of a file system ends here.
constexpr std::size_t kMostEntries = 50'000;
constexpr int kDeepestFolder = 16;

/// Folders of tools, which hold copies of other projects' files and many entries.
constexpr std::array<std::string_view, 7> kSkippedFolders = {
    ".git", ".hdrive", ".venv", "venv", "node_modules", "__pycache__", ".tox"};

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool is_skipped(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return std::find(kSkippedFolders.begin(), kSkippedFolders.end(), name) != kSkippedFolders.end();
}

struct Search {
  std::vector<fs::path> matches;
  bool complete = true;
};

Search search(const fs::path& folder, const std::string& name) {
  Search result;
  std::error_code error;
  std::size_t entries = 0;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    if (++entries > kMostEntries) {
      result.complete = false;
      break;
    }
    std::error_code ignored;
    if (at->is_directory(ignored) && !at->is_symlink(ignored)) {
      if (at.depth() >= kDeepestFolder || is_skipped(at->path())) at.disable_recursion_pending();
    } else if (at->is_regular_file(ignored) &&
               ends_with(at->path().lexically_relative(folder).generic_string(), name)) {
      result.matches.push_back(at->path());
    }
  }
  std::sort(result.matches.begin(), result.matches.end());
  return result;
}

void require_name(const std::string& name, const std::string& option, const std::string& example) {
  if (name.empty() || name.find('\0') != std::string::npos) {
    throw UsageError(option + " needs a name", "for example " + option + " " + example);
  }
}

void require_folder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    throw NotFoundError("the folder " + folder.string() + " does not exist");
  }
}

}  // namespace

FoundFile find_hdconfig(const fs::path& folder, const std::string& name) {
  require_name(name, "--hyperdrive-configuration-name", "hdconfig.yml");
  if (is_file(name)) return {name, {}};
  require_folder(folder);
  const Search found = search(folder, name);
  const std::string cut_short =
      found.complete ? ""
                     : " (only the first " + std::to_string(kMostEntries) +
                           " files and folders were looked at; give the file's path instead)";
  if (found.matches.empty()) {
    throw NotFoundError("there is no hdconfig " + name + ": it is not a file, and no file under " +
                        folder.string() + " has a name that ends with it" + cut_short);
  }
  FoundFile result{found.matches.back(), {}};
  if (found.matches.size() > 1) {
    result.note = std::to_string(found.matches.size()) + " files end with " + name + "; using " +
                  result.path.string() + ", not ";
    const std::size_t shown = std::min<std::size_t>(found.matches.size() - 1, 5);
    for (std::size_t i = 0; i < shown; ++i) {
      result.note += (i > 0 ? ", " : "") + found.matches[i].string();
    }
    if (shown + 1 < found.matches.size()) result.note += ", ...";
  }
  result.note += cut_short;
  return result;
}

FoundFile find_runconfig(const fs::path& folder, const std::string& name) {
  require_name(name, "-c", "local");
  require_folder(folder);
  const std::array<fs::path, 6> candidates = {folder / ".azureml" / name,
                                              folder / "aml_config" / name,
                                              folder / ".azureml" / (name + ".runconfig"),
                                              folder / "aml_config" / (name + ".runconfig"),
                                              folder / (name + ".runconfig"),
                                              fs::path(name)};
  std::string looked_for;
  for (const fs::path& candidate : candidates) {
    if (is_file(candidate)) return {candidate, {}};
    looked_for += (looked_for.empty() ? "" : ", ") + candidate.string();
  }
  throw NotFoundError("there is no runconfig " + name + "; looked for " + looked_for);
}

std::string read_config_text(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (!error && size > kMaxConfigBytes) {
    throw ConfigError({{Diagnostic::Severity::kError,
                        path.string(),
                        0,
                        0,
                        {},
                        "the file has " + std::to_string(size) + " bytes; at most " +
                            std::to_string(kMaxConfigBytes) + " are read"}});
  }
  std::ifstream file(path, std::ios::binary);
  // One byte more than allowed, so that a file that grows meanwhile is refused by the reader.
  std::string text(error ? 0 : kMaxConfigBytes + 1, '\0');
  if (file && !error) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || error || file.bad()) {
    throw NotFoundError("cannot read " + path.string() + ": " +
                        (error ? error.message() : std::strerror(errno)));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace hd
