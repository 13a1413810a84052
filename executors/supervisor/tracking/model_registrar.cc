#include "executors/supervisor/tracking/model_registrar.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "executors/supervisor/child_process.h"
#include "executors/supervisor_protocol/attempt_files.h"

namespace hd {
namespace {

constexpr std::size_t kMostOutput = std::size_t{8} << 20;

std::string content_of(int file) {
  std::string text(kMostOutput, '\0');
  const ssize_t got = ::pread(file, text.data(), text.size(), 0);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

}  // namespace

std::string find_hdrive() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0) return {};
  std::string program(path.data(), static_cast<std::size_t>(length));
  program.resize(program.rfind('/') + 1);
  program += "hdrive";
  return ::access(program.c_str(), X_OK) == 0 ? program : std::string();
}

ModelRegistrar::~ModelRegistrar() {
  for (const auto& entry : under_way_) {
    ::close(entry.second.output);
    ::close(entry.second.errors);
  }
}

void ModelRegistrar::start(const ModelToRegister& model,
                           std::function<void(Result<int>)> registered) {
  if (place_.program.empty() || place_.project.empty()) {
    return registered(
        Error{"models are registered by the program hdrive, which is not beside the "
              "supervisor; the files are kept in outputs"});
  }
  UnderWay made;
  made.registered = std::move(registered);
  made.output = ::memfd_create("model-register-output", MFD_CLOEXEC);
  made.errors = ::memfd_create("model-register-errors", MFD_CLOEXEC);
  auto started = launch(model, made);
  if (started) {
    under_way_.emplace(*started, std::move(made));
    return;
  }
  if (made.output >= 0) ::close(made.output);
  if (made.errors >= 0) ::close(made.errors);
  made.registered(started.error());
}

Result<pid_t> ModelRegistrar::launch(const ModelToRegister& model, UnderWay& made) const {
  const int folder = ::open(place_.project.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0 || made.output < 0 || made.errors < 0) {
    Error error{std::string("cannot register a model: ") + std::strerror(errno)};
    if (folder >= 0) ::close(folder);
    return error;
  }
  ChildProcessPlan plan;
  // One word for option and value: a value that begins with a dash is no option.
  plan.argv = {place_.program,
               "model",
               "register",
               "--name=" + model.name,
               "--model-path=" + place_.outputs + '/' + model.path,
               "--run-id=" + place_.run_id,
               "--model-framework=MLflow",
               "--output=json"};
  if (!model.description.empty()) plan.argv.push_back("--description=" + model.description);
  for (const auto& [key, value] : model.tags) plan.argv.push_back("--tag=" + key + '=' + value);
  plan.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                      {attempt_files::kMark, place_.mark}};
  if (!place_.home.empty()) plan.environment.emplace_back("HOME", place_.home);
  plan.work_descriptor = folder;
  plan.work_path = place_.project;
  plan.stdout_descriptor = made.output;
  plan.stderr_descriptor = made.errors;
  auto started = start_child_process(plan);
  ::close(folder);
  return started;
}

void ModelRegistrar::process_ended(pid_t pid, int status) {
  const auto found = under_way_.find(pid);
  if (found == under_way_.end()) return;
  const UnderWay ended = std::move(found->second);
  under_way_.erase(found);
  const auto document = nlohmann::json::parse(content_of(ended.output), nullptr, false);
  const std::string errors = content_of(ended.errors);
  ::close(ended.output);
  ::close(ended.errors);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && document.is_object()) {
    const auto version = document.find("version");
    if (version != document.end() && version->is_number_integer()) {
      return ended.registered(version->get<int>());
    }
  }
  ended.registered(Error{"the model was not registered: " +
                         (errors.empty() ? std::string("hdrive was ended") : errors)});
}

}  // namespace hd
