#include "cli/repeated_submission.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>

#include <fmt/format.h>

#include "cli/earlier_run.h"
#include "cli/exit_code.h"
#include "cli/run_document.h"

namespace hd {

namespace {

/// What is said of an earlier run that is over, and the exit code that it ended with.
int tell_outcome(const CommonOptions& options, const RunSummary& run, bool strict) {
  note(options,
       fmt::format(
           "{}, made from the same files, is over: nothing is left to do. Without --resume a "
           "new run begins",
           run.run_id));
  print_result(options, run_document(run), run_columns());
  const auto failed = std::find_if(run.children_by_status.begin(),
                                   run.children_by_status.end(),
                                   [](const auto& one) { return one.first == RunStatus::kFailed; });
  ExitCode code = kExitDone;
  std::string why = run.run_id + " is " + std::string(status_name(run.status));
  if (!run.termination_reason.empty()) why += ": " + run.termination_reason;
  if (run.status == RunStatus::kCanceled) {
    code = kExitCanceledBySomeone;
  } else if (run.status == RunStatus::kFailed ||
             (run.kind == RunKind::kHyperDrive && run.best_child_run_id.empty())) {
    code = kExitSweepFailed;
  } else if (strict && failed != run.children_by_status.end()) {
    code = kExitChildrenFailed;
    why = fmt::format("{} of its child runs failed, and --strict was given", failed->second);
  }
  explain_exit(code, why);
  return code;
}

}  // namespace

FileDescriptor wait_for_turn(const Workspace& workspace) {
  // The folder itself is locked: there is no file that somebody could remove.
  const std::string path = workspace.state_directory();
  FileDescriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) throw FileError(errno, "open", path);
  while (::flock(folder.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw FileError(errno, "lock", path);
  }
  return folder;
}

DriveOptions drive_options_of(const SubmitRequest& request) {
  return {.strict = request.strict, .leaves_on_terminate = request.resume == kResumeEarlier};
}

std::optional<int> go_on(const CommonOptions& options,
                         const SubmitRequest& request,
                         const Workspace& workspace,
                         const RunStore& store,
                         const ParentRunSpec& spec,
                         FileDescriptor& turn) {
  const auto earlier = find_earlier_run(store, workspace, spec, request.seed);
  if (!earlier) {
    note(options,
         fmt::format("no earlier run of experiment {} was made from these files: a new one begins",
                     spec.experiment));
    return std::nullopt;
  }
  if (!is_terminal(earlier->status)) {
    note(options, "going on with " + earlier->run_id + ", made from the same files");
    turn.reset();
    return resume_run(options, earlier->run_id, request.detached, drive_options_of(request));
  }
  if (was_interrupted(store, *earlier)) {
    note(options,
         fmt::format("{}, made from the same files, was canceled by an interrupt: a new one begins",
                     earlier->run_id));
    return std::nullopt;
  }
  return tell_outcome(options, *earlier, request.strict);
}

}  // namespace hd
