#include "cli/earlier_run.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/text.h"
#include "engine/core/error.h"
#include "engine/workspace/files.h"

namespace hd {

namespace {

constexpr std::size_t kMostFilesNamed = 5;

/// The entries of a snapshot by name; nothing when its manifest is not there any more.
std::map<std::string, std::string> manifest_entries(const Workspace& workspace,
                                                    const std::string& snapshot_id) {
  constexpr std::size_t kMostBytes = std::size_t{256} << 20U;
  std::map<std::string, std::string> entries;
  const auto text = read_file(workspace.snapshot_manifest_file(snapshot_id), kMostBytes);
  if (!text) return entries;
  std::istringstream lines(*text);
  std::string line;
  std::getline(lines, line);  // the header
  while (std::getline(lines, line)) {
    const auto name = line.find(' ') + 1;
    const auto end = std::min(line.find(' ', name), line.size());
    entries.emplace(line.substr(name, end - name), line);
  }
  return entries;
}

/// "train.py, data.csv (new) and 3 more files".
std::string changed_files(const Workspace& workspace,
                          const std::string& stored_id,
                          const std::string& wanted_id) {
  const auto stored = manifest_entries(workspace, stored_id);
  const auto wanted = manifest_entries(workspace, wanted_id);
  if (stored.empty() || wanted.empty()) return "files of the source directory";
  std::vector<std::string> names;
  for (const auto& [name, entry] : wanted) {
    const auto before = stored.find(name);
    if (before == stored.end()) names.push_back(printable(name) + " (new)");
    if (before != stored.end() && before->second != entry) names.push_back(printable(name));
  }
  for (const auto& [name, entry] : stored) {
    if (!wanted.contains(name)) names.push_back(printable(name) + " (gone)");
  }
  const std::size_t named = std::min(names.size(), kMostFilesNamed);
  const std::size_t more = names.size() - named;
  names.resize(named);
  std::string text = fmt::format("{}", fmt::join(names, ", "));
  if (more > 0) text += fmt::format(" and {} more files", more);
  return text;
}

std::vector<std::string> child_run_ids(const WarmStart& warm_start) {
  std::vector<std::string> ids;
  for (const ResumedChild& child : warm_start.children) ids.push_back(child.run_id);
  return ids;
}

[[noreturn]] void refuse(const RunSummary& unfinished, const std::vector<std::string>& differing) {
  throw UsageError(
      fmt::format("{} of experiment {} is not over, and was submitted with other files. These "
                  "differ: {}",
                  unfinished.run_id,
                  unfinished.experiment,
                  fmt::join(differing, "; ")),
      fmt::format("hdrive run resume -r {0} goes on with it as it was, hdrive run cancel -r {0} "
                  "ends it, and without --resume a new run begins beside it; files that no child "
                  "run needs, such as logs, belong in .amlignore",
                  unfinished.run_id));
}

}  // namespace

std::vector<std::string> differences(const ParentRunSpec& stored,
                                     const ParentRunSpec& wanted,
                                     std::optional<std::uint64_t> seed,
                                     const Workspace& workspace) {
  std::vector<std::string> found;
  const auto compare = [&](bool same, const std::string& what) {
    if (!same) found.push_back(what);
  };
  const ScriptSpec& before = stored.script;
  const ScriptSpec& now = wanted.script;
  compare(stored.hdconfig_text == wanted.hdconfig_text,
          "the contents of " + printable(wanted.hdconfig_file));
  compare(before.script == now.script, "the script");
  compare(before.arguments == now.arguments, "the arguments of the script");
  compare(before.command == now.command, "the command");
  compare(before.interpreter == now.interpreter, "the Python interpreter");
  compare(before.environment == now.environment, "the environment variables of the runconfig");
  compare(before.metric_patterns == now.metric_patterns, "the metric patterns of the runconfig");
  compare(before.max_run_duration_seconds == now.max_run_duration_seconds,
          "maxRunDurationSeconds of the runconfig");
  compare(stored.target == wanted.target, "the target");
  compare(!seed || stored.seed == *seed, "--seed");
  compare(stored.keep_going == wanted.keep_going, "--keep-going");
  compare(stored.warm_start.resume_from == wanted.warm_start.resume_from, "resume_from");
  compare(child_run_ids(stored.warm_start) == child_run_ids(wanted.warm_start),
          "resume_child_runs");
  if (stored.snapshot_id != wanted.snapshot_id) {
    found.push_back("the source directory: " +
                    changed_files(workspace, stored.snapshot_id, wanted.snapshot_id));
  }
  return found;
}

std::optional<RunSummary> find_earlier_run(const RunStore& store,
                                           const Workspace& workspace,
                                           const ParentRunSpec& wanted,
                                           std::optional<std::uint64_t> seed) {
  std::optional<RunSummary> over;
  std::optional<RunSummary> other;  // not over, but of other files
  std::vector<std::string> other_differs;
  for (RunSummary& run : store.runs({.experiment = wanted.experiment, .last = 0})) {
    const bool is_over = is_terminal(run.status);
    if (run.kind != wanted.kind || (is_over && over)) continue;
    const auto stored = store.spec(run.run_id);
    if (!stored) continue;
    std::vector<std::string> differing = differences(*stored, wanted, seed, workspace);
    if (differing.empty() && !is_over) return std::move(run);
    if (differing.empty()) {
      over = std::move(run);
    } else if (!is_over && !other) {
      other = std::move(run);
      other_differs = std::move(differing);
    }
  }
  if (!over && other) refuse(*other, other_differs);
  return over;
}

bool was_interrupted(const RunStore& store, const RunSummary& run) {
  if (run.status != RunStatus::kCanceled) return false;
  for (const Event& event : store.events_of_child(run.run_id, -1)) {
    const auto* cancel = std::get_if<ParentCancelRequested>(&event.body);
    if (cancel != nullptr) return cancel->cause == CancelCause::kInterrupt;
  }
  return false;
}

}  // namespace hd
