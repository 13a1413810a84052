#include "cli/doctor.h"

#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/compose.h"
#include "cli/text.h"
#include "engine/core/error.h"
#include "engine/workspace/run_process.h"
#include "engine/workspace/workspace.h"
#include "executors/local/local_executor.h"
#include "executors/ssh/agent_programs.h"

namespace hd {

namespace {

Value row(const std::string& check,
          const std::string& status,
          const std::string& found,
          const std::string& advice = {}) {
  return Value::Map{{"check", check}, {"status", status}, {"found", found}, {"advice", advice}};
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Asks a program for its version: whether it is there, and which.
Value program_row(const std::string& check,
                  const std::vector<std::string>& argv,
                  const std::string& missing_status,
                  const std::string& advice) {
  ProcessRequest request;
  request.argv = argv;
  request.timeout = std::chrono::milliseconds(5000);
  const ProcessResult result = run_process(request);
  if (!result.succeeded()) return row(check, missing_status, describe(result), advice);
  const std::string said = result.output.empty() ? result.errors : result.output;
  return row(check, "ok", printable(first_line(said)));
}

Value gpu_row() {
  ProcessRequest request;
  request.argv = {"nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"};
  const ProcessResult result = run_process(request);
  if (!result.succeeded()) {
    return row("GPU", "missing", "no NVIDIA driver answers", "only needed by scripts that use one");
  }
  std::string found;
  for (const char c : result.output) {
    if (c != '\n') {
      found += c;
    } else if (&c != &result.output.back()) {
      found += "; ";
    }
  }
  return row("GPU", "ok", printable(found));
}

Value disk_row(const std::string& project) {
  struct statvfs info {};
  if (::statvfs(project.c_str(), &info) != 0) {
    return row("disk", "warning", "cannot be read", "check the path " + project);
  }
  const double free_gb =
      static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize) / 1e9;
  const bool little = free_gb < 1.0;
  return row("disk",
             little ? "warning" : "ok",
             fmt::format("{:.1f} GB free at {}", free_gb, project),
             little ? "child runs copy the snapshot: free some space" : "");
}

Value workspace_row(const std::string& project) {
  const bool writable = ::access(project.c_str(), W_OK) == 0;
  return row("project folder",
             writable ? "ok" : "warning",
             project,
             writable ? "" : "it cannot be written: runs need a folder .hdrive in it");
}

Value compatibility_row() {
  const std::string folder = compatibility_package("");
  if (folder.empty()) {
    return row("azureml package",
               "missing",
               "not found",
               "set HDRIVE_PYTHONPATH to the folder that holds it");
  }
  return row("azureml package", "ok", folder);
}

Value agent_row() {
  const std::string agent = find_agent(find_supervisor());
  if (!agent.empty()) return row("hdrive-agent", "ok", agent);
  return row("hdrive-agent",
             "missing",
             "not found beside this program",
             "only needed to run on other machines");
}

}  // namespace

Value doctor_report(const std::string& path) {
  const std::string project = Workspace::locate(path);
  Value::List rows;
  rows.push_back(row("CPU", "ok", fmt::format("{} cores", std::thread::hardware_concurrency())));
  rows.push_back(gpu_row());
  rows.push_back(disk_row(project));
  rows.push_back(workspace_row(project));
  rows.push_back(program_row("Python",
                             {"python3", "--version"},
                             "missing",
                             "needed by .py scripts: apt-get install python3"));
  rows.push_back(compatibility_row());
  rows.push_back(program_row(
      "git", {"git", "--version"}, "missing", "records commit and branch: apt-get install git"));
  rows.push_back(program_row(
      "Slurm", {"sbatch", "--version"}, "missing", "only needed to run on a Slurm cluster"));
  rows.push_back(agent_row());
  rows.push_back(
      program_row("ssh",
                  {"ssh", "-V"},
                  "missing",
                  "only needed to run on other machines: apt-get install openssh-client"));
  return rows;
}

}  // namespace hd
