#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/exit_code.h"
#include "cli/program.h"
#include "cli/text.h"
#include "engine/core/error.h"
#include "engine/workspace/files.h"
#include "executors/tracking/artifact_folder.h"
#include "executors/tracking/tracking_error.h"

namespace hd {

namespace {

namespace fs = std::filesystem;

struct DownloadOptions {
  std::string run_id;
  std::string output;
  std::vector<std::string> paths;
  bool best = false;
  bool all = false;
  bool overwrite = false;
};

/// What a run leaves: `outputs` and `logs` of its working directory, and what it printed, which is
/// shown in `logs` as well. Read without following links: scripts put there what they like.
class RunFiles {
 public:
  using Visit = std::function<void(const std::string& path,
                                   std::int64_t size,
                                   const ArtifactFolder& folder,
                                   const std::string& inside)>;

  RunFiles(const OpenedHistory& history, const RunSummary& run)
      : attempt_(history.workspace.attempt_directory(run.run_id, std::max(0, run.attempt))) {}

  void visit(const Visit& visit) const {
    visit_root("/work", "outputs", visit);
    visit_root("/work", "logs", visit);
    visit_root("", "logs", visit);
  }

 private:
  void visit_root(const std::string& below, const std::string& root, const Visit& visit) const {
    const FileDescriptor parent(
        ::open((attempt_ + below).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!parent.is_open()) return;
    const ArtifactFolder folder(parent.get(), parent.get(), root);
    visit_folder(folder, root + '/', "", visit);
  }

  static void visit_folder(const ArtifactFolder& folder,
                           const std::string& shown,
                           const std::string& inside,
                           const Visit& visit) {
    for (const ArtifactEntry& entry : folder.list(inside)) {
      const std::string path = inside.empty() ? entry.name : inside + '/' + entry.name;
      if (entry.is_folder) {
        visit_folder(folder, shown, path, visit);
      } else {
        visit(shown + path, entry.size, folder, path);
      }
    }
  }

  std::string attempt_;
};

int list_files(const CommonOptions& options, const std::string& run_id) {
  const OpenedHistory history = open_history(options);
  const RunSummary run = require_run(history, run_id);
  if (run.is_sweep()) {
    throw UsageError(run_id + " is a sweep, whose child runs have the files",
                     "hdrive run children -r " + run_id + " lists them");
  }
  Value::List files;
  RunFiles(history, run)
      .visit([&](const std::string& path, std::int64_t size, const auto&, const auto&) {
        files.push_back(Value::Map{{"path", path}, {"size", size}});
      });
  print_result(options, files, {"path", "size"});
  return kExitDone;
}

bool is_wanted(const std::vector<std::string>& paths, const std::string& path) {
  return paths.empty() || std::any_of(paths.begin(), paths.end(), [&](std::string wanted) {
           while (wanted.ends_with('/')) wanted.pop_back();
           return path == wanted || path.starts_with(wanted + '/');
         });
}

void copy_file(int source, const fs::path& target, bool overwrite) {
  fs::create_directories(target.parent_path());
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (overwrite ? O_TRUNC : O_EXCL);
  const FileDescriptor file(::open(target.c_str(), flags, 0666));
  if (!file.is_open()) {
    if (errno == EEXIST) {
      throw UsageError(target.string() + " is there already",
                       "name another --output-dir, or give --overwrite");
    }
    throw FileError(errno, "write", target.string());
  }
  std::string block(std::size_t{1} << 18U, '\0');
  for (;;) {
    const ssize_t size = ::read(source, block.data(), block.size());
    if (size < 0) throw FileError(errno, "copy a file of the run to", target.string());
    if (size == 0) return;
    write_all(file.get(),
              std::string_view(block.data(), static_cast<std::size_t>(size)),
              target.string());
  }
}

void download_run(const OpenedHistory& history,
                  const RunSummary& run,
                  const fs::path& output,
                  const DownloadOptions& wanted,
                  Value::List& written) {
  RunFiles(history, run)
      .visit([&](const std::string& path,
                 std::int64_t /*size*/,
                 const ArtifactFolder& folder,
                 const std::string& inside) {
        if (!is_wanted(wanted.paths, path)) return;
        const FileDescriptor source(folder.open(inside));
        copy_file(source.get(), output / path, wanted.overwrite);
        written.emplace_back((output / path).string());
      });
}

std::vector<RunSummary> wanted_runs(const OpenedHistory& history, const DownloadOptions& wanted) {
  const RunSummary run = require_run(history, wanted.run_id);
  if (!run.is_sweep()) return {run};
  if (wanted.best == wanted.all) {
    throw UsageError(wanted.run_id + " is a sweep, whose child runs have the files",
                     "give --best or --all, or the id of a child run");
  }
  if (wanted.best) {
    if (run.best_child_run_id.empty()) {
      throw NotFoundError("no child run of " + wanted.run_id + " has reported its primary metric");
    }
    return {require_run(history, run.best_child_run_id)};
  }
  RunFilter filter;
  filter.parent_run_id = wanted.run_id;
  filter.last = 0;
  return history.store.runs(filter);
}

int download(const CommonOptions& options, const DownloadOptions& wanted) {
  const OpenedHistory history = open_history(options);
  const fs::path output = wanted.output.empty() ? fs::path(wanted.run_id) : fs::path(wanted.output);
  Value::List written;
  try {
    for (const RunSummary& run : wanted_runs(history, wanted)) {
      download_run(history, run, wanted.all ? output / run.run_id : output, wanted, written);
    }
  } catch (const TrackingError& error) {
    throw StoreError(error.what());
  }
  if (written.empty() && !wanted.paths.empty()) {
    throw NotFoundError(wanted.run_id + " has no file " + wanted.paths.front() +
                        "; hdrive run files lists what it has");
  }
  if (written.empty()) note(options, wanted.run_id + " has left no files");
  print_result(options, written);
  return kExitDone;
}

}  // namespace

void add_file_commands(Program& program, CLI::App& run) {
  const auto run_id = std::make_shared<std::string>();
  CLI::App* command =
      add_command(program,
                  run,
                  "files",
                  "Files in outputs and logs of a run, also while it runs",
                  "hdrive run files -r HD_..._3 -o table",
                  [run_id](const CommonOptions& options) { return list_files(options, *run_id); });
  add_run_option(*command, *run_id);

  const auto wanted = std::make_shared<DownloadOptions>();
  command =
      add_command(program,
                  run,
                  "download",
                  "Copy outputs and logs of a run, or of the best or all child runs of a sweep",
                  "hdrive run download -r HD_..._3\n"
                  "hdrive run download -r HD_... --best -n outputs/model.joblib -d model",
                  [wanted](const CommonOptions& options) { return download(options, *wanted); });
  add_run_option(*command, wanted->run_id);
  command->add_option(
      "-d,--output-dir", wanted->output, "Folder to copy into (default: the run's id)");
  command->add_option(
      "-n,--name", wanted->paths, "Only this file or folder, as `run files` names it; repeatable");
  command->add_flag("--best", wanted->best, "Of a sweep: its best child run");
  command->add_flag(
      "--all", wanted->all, "Of a sweep: all child runs, each in a folder of its own");
  command->add_flag("--overwrite", wanted->overwrite, "Replace files that are there already");
}

}  // namespace hd
