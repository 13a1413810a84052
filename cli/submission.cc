#include "cli/submission.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>
#include <unistd.h>

#include "cli/child_command.h"
#include "cli/compose.h"
#include "cli/run_document.h"
#include "cli/text.h"
#include "cli/warm_start.h"
#include "engine/config/find_files.h"
#include "engine/config/hdconfig.h"
#include "engine/config/runconfig.h"
#include "engine/workspace/files.h"
#include "engine/workspace/identifiers.h"
#include "engine/workspace/python_interpreter.h"

namespace hd {

namespace {

namespace fs = std::filesystem;

/// A file of more than 16 MiB is no script that somebody wrote.
bool mentions_resume_from(const std::string& file) {
  constexpr std::size_t kMostBytes = std::size_t{16} << 20U;
  std::error_code ignored;
  if (fs::file_size(file, ignored) > kMostBytes) return false;
  const auto text = read_file(file, kMostBytes);
  return text && speaks_of_resume_from(*text);
}

/// Reads one submission, going on after each mistake so that the user hears of all of them.
class SubmissionReader {
 public:
  SubmissionReader(const CommonOptions& options, const SubmitRequest& request)
      : options_(options), request_(request) {}

  Submission read() {
    result_.project = Workspace::locate(options_.path);
    result_.spec.kind = request_.kind;
    result_.spec.keep_going = request_.keep_going;
    if (request_.kind == RunKind::kHyperDrive) {
      attempt("--hyperdrive-configuration-name", [this] { read_hdconfig_file(); });
    } else {
      result_.config = config_of(result_.spec);
    }
    attempt("-c", [this] { read_runconfig_file(); });
    choose_script();
    attempt("--source-directory", [this] { choose_source_directory(); });
    attempt("target", [this] { check_target(); });
    attempt("script", [this] { check_script(); });
    if (hdconfig_read_) attempt("", [this] { resume_earlier_runs(); });
    attempt("-e", [this] { choose_experiment(); });
    if (hdconfig_read_) attempt("", [this] { check_tuning(); });
    if (!mistakes_.empty()) {
      // What is merely odd is told with them: it may be what the next attempt would stumble over.
      mistakes_.insert(mistakes_.end(), result_.warnings.begin(), result_.warnings.end());
      throw ConfigError(std::move(mistakes_));
    }
    choose_seed();
    return std::move(result_);
  }

 private:
  template <typename Step>
  void attempt(const std::string& key, Step step) {
    try {
      step();
    } catch (const ConfigError& error) {
      const auto& found = error.diagnostics();
      mistakes_.insert(mistakes_.end(), found.begin(), found.end());
    } catch (const UsageError& error) {
      mistake(key,
              error.hint().empty() ? error.what()
                                   : std::string(error.what()) + " (" + error.hint() + ')');
    } catch (const NotFoundError& error) {
      mistake(key, error.what());
    }
  }

  void mistake(const std::string& key, const std::string& message) {
    mistakes_.push_back({Diagnostic::Severity::kError, "", 0, 0, key, message});
  }
  void warn(const std::string& message) {
    result_.warnings.push_back({Diagnostic::Severity::kWarning, "", 0, 0, "", message});
  }

  void read_hdconfig_file() {
    const FoundFile found = find_hdconfig(result_.project, request_.hdconfig);
    if (!found.note.empty()) warn(found.note);
    hdconfig_path_ = fs::absolute(found.path);
    result_.spec.hdconfig_file = found.path.lexically_proximate(fs::current_path()).string();
    result_.spec.hdconfig_text = read_config_text(found.path);
    HyperDriveFile file = read_hyperdrive_file(result_.spec.hdconfig_text,
                                               result_.spec.hdconfig_file,
                                               ReadOptions{request_.strict},
                                               result_.warnings);
    result_.config = std::move(file.config);
    hdconfig_read_ = true;
    if (file.trial) {
      trial_ = std::move(*file.trial);
      has_trial_ = true;
    }
    take_named_runs(request_.resume_from, result_.config.resume_from);
    take_named_runs(request_.resume_child_runs, result_.config.resume_child_runs);
  }

  static void take_named_runs(const std::vector<std::string>& given, std::vector<NamedRun>& runs) {
    if (given.empty()) return;
    runs.clear();
    for (const std::string& run_id : given) runs.push_back({run_id});
  }

  void resume_earlier_runs() {
    ParentRunSpec& spec = result_.spec;
    spec.warm_start = read_warm_start(
        result_.project, result_.config, spec.hdconfig_file, request_.strict, result_.warnings);
    const ScriptSpec& script = spec.script;
    if (spec.warm_start.children.empty() || script.takes_resume_from) return;
    if (!script.command.empty()) {
      warn("a command is given no --resume-from: it finds the folder in HDRIVE_RESUME_FROM");
    } else if (!script.script.empty()) {
      warn("resumed child runs are given --resume-from FOLDER, of which " +
           printable(script.script) + " says nothing");
    }
  }

  void read_runconfig_file() {
    ScriptSpec& script = result_.spec.script;
    if (request_.runconfig.empty()) {
      if (has_trial_) {
        take_trial();
      } else if (request_.script_words.empty()) {
        throw UsageError("nothing says what to run",
                         "name a run configuration with -c, or put a script at the end");
      }
      result_.spec.target = has_trial_ && !trial_.compute.empty() ? trial_.compute : "local";
      return;
    }
    const FoundFile found = find_runconfig(result_.project, request_.runconfig);
    if (!found.note.empty()) warn(found.note);
    const std::string name = found.path.lexically_proximate(fs::current_path()).string();
    const auto related = [&](const std::string& path) -> std::optional<std::string> {
      const fs::path file = fs::path(result_.project) / path;
      if (!fs::is_regular_file(file)) return std::nullopt;
      return read_config_text(file);
    };
    const RunConfig runconfig = read_runconfig(read_config_text(found.path),
                                               name,
                                               ReadOptions{request_.strict},
                                               result_.warnings,
                                               related);
    interpreter_path_ = runconfig.interpreter_path;
    script.script = runconfig.script;
    script.arguments = runconfig.arguments;
    script.command = runconfig.command;
    script.environment = runconfig.environment_variables;
    script.max_run_duration_seconds = runconfig.max_run_duration_seconds;
    script.metric_patterns = runconfig.metric_patterns;
    result_.spec.target = runconfig.target;
    if (has_trial_) take_trial();
    for (const Diagnostic& refused : runconfig.refused) {
      // --target names another one than the file's.
      if (refused.key == "target" && !request_.target.empty()) continue;
      mistakes_.push_back(refused);
    }
  }

  /// What a v2 sweep file says itself wins over a runconfig.
  void take_trial() {
    ScriptSpec& script = result_.spec.script;
    if (!trial_.command.empty()) {
      script.command = trial_.command;
      script.script.clear();
      script.arguments.clear();
    }
    for (const auto& variable : trial_.environment_variables) {
      script.environment.push_back(variable);
    }
    for (const SweepInput& input : trial_.inputs) {
      const fs::path value = input.value;
      script.environment.emplace_back(
          input.variable,
          input.is_path && value.is_relative()
              ? (hdconfig_path_.parent_path() / value).lexically_normal().string()
              : input.value);
    }
    for (const auto& tag : trial_.tags) result_.spec.tags.push_back(tag);
  }

  void choose_script() {
    ScriptSpec& script = result_.spec.script;
    const auto& words = request_.script_words;
    if (!words.empty()) {
      script.script = words.front();
      script.command.clear();
      if (words.size() > 1) script.arguments.assign(words.begin() + 1, words.end());
    }
    if (!request_.conda_dependencies.empty()) {
      warn(
          "-d/--conda-dependencies: conda environments are not made by this release; the "
          "interpreter is used as it is");
    }
  }

  void choose_source_directory() {
    fs::path source = result_.project;
    if (!request_.source_directory.empty()) {
      source = fs::absolute(request_.source_directory);
    } else if (has_trial_) {
      source = hdconfig_path_.parent_path() / trial_.code;
    }
    if (!fs::is_directory(source)) {
      throw UsageError("the source directory " + source.string() + " is no folder");
    }
    result_.spec.source_directory = fs::canonical(source).string();
  }

  /// The script relative to the source directory, where the snapshot will have it.
  std::string relative_script(const std::string& given) const {
    const fs::path source = result_.spec.source_directory;
    std::error_code ignored;
    fs::path place = fs::path(given).is_absolute() ? fs::path(given) : source / given;
    // Typed in a folder inside the source directory.
    if (!fs::exists(place, ignored)) place = fs::absolute(given);
    const fs::path relative =
        fs::weakly_canonical(place.parent_path(), ignored).lexically_relative(source) /
        place.filename();
    std::string text = relative.lexically_normal().string();
    if (text.empty() || text.starts_with("..") || !fs::exists(place, ignored)) {
      throw UsageError("no script '" + printable(given) + "' in " + source.string(),
                       "give its path relative to the source directory");
    }
    return text;
  }

  void check_script() {
    ScriptSpec& script = result_.spec.script;
    if (!script.command.empty()) return;
    if (script.script.empty()) {
      if (mistakes_.empty()) {
        throw UsageError("no script to run",
                         "put it at the end of the command, or under 'script' in the runconfig");
      }
      return;
    }
    if (result_.spec.source_directory.empty()) return;
    script.script = relative_script(script.script);
    const std::string file = result_.spec.source_directory + '/' + script.script;
    if (!fs::is_regular_file(file)) throw UsageError("the script " + file + " is no file");
    if (script.script.ends_with(".py")) {
      script.interpreter =
          target_ ? remote_interpreter() : find_python(interpreter_path_, result_.project).path;
    } else if (::access(file.c_str(), X_OK) != 0) {
      throw UsageError("the script " + file + " is not executable", "chmod +x " + file);
    }
    script.takes_resume_from = mentions_resume_from(file);
    warn_of_duplicates();
  }

  void warn_of_duplicates() {
    std::vector<std::string> names;
    for (const Parameter& parameter : result_.config.parameter_space.parameters()) {
      names.push_back(parameter.name);
    }
    for (const std::string& name : duplicate_arguments(result_.spec.script.arguments, names)) {
      warn("the fixed arguments and the parameter space both give " + printable(name) +
           "; the script gets both, the sampled one last");
    }
  }

  void check_target() {
    if (!request_.target.empty()) result_.spec.target = request_.target;
    if (result_.spec.target.empty()) result_.spec.target = "local";
    target_ = require_target(result_.project, result_.spec.target);
    if (!target_ || target_->slots() >= result_.config.max_concurrent_runs) return;
    warn("max_concurrent_runs is " + std::to_string(result_.config.max_concurrent_runs) +
         ", and the compute target " + target_->name + " has " + std::to_string(target_->slots()) +
         " slots: so many run at once");
  }

  /// What names it on the hosts: it is not looked for here.
  std::string remote_interpreter() const {
    if (!target_->python.empty()) return target_->python;
    const bool is_name = interpreter_path_.find('/') == std::string::npos;
    if (is_name) return interpreter_path_.empty() ? "python" : interpreter_path_;
    if (interpreter_path_.front() == '/') return interpreter_path_;
    throw UsageError("interpreterPath " + printable(interpreter_path_) +
                         " names a place on this machine, and the run is to go to the compute "
                         "target " +
                         target_->name,
                     "hdrive computetarget update -n " + target_->name +
                         " --python PATH names the interpreter of its hosts");
  }

  void choose_experiment() {
    std::string& experiment = result_.spec.experiment;
    experiment = options_.experiment;
    if (experiment.empty()) experiment = trial_.experiment_name;
    if (experiment.empty()) experiment = default_experiment(result_.project);
    require_experiment_name(experiment);
  }

  void check_tuning() {
    const auto sampler = compose_sampler(result_.config, result_.spec.warm_start);
    if (sampler->limit() == 0) {
      throw UsageError(
          "the earlier parent runs have run every configuration of the parameter space",
          "widen the space, or leave out resume_from");
    }
    try {
      (void)compose_policy(result_.config);
    } catch (const std::invalid_argument& error) {
      throw UsageError(error.what());
    }
  }

  void choose_seed() {
    std::optional<std::uint64_t> seed = request_.seed;
    if (!seed) {
      if (const auto* random = std::get_if<RandomSampling>(&result_.config.sampling)) {
        seed = random->seed;
      } else if (const auto* bayesian = std::get_if<BayesianSampling>(&result_.config.sampling)) {
        seed = bayesian->seed;
      }
    }
    // 53 bits, so that the seed survives every JSON reader.
    constexpr std::uint64_t kMask = (std::uint64_t{1} << 53U) - 1;
    result_.spec.seed = seed ? *seed : std::stoull(random_hex(8), nullptr, 16) & kMask;
  }

  const CommonOptions& options_;
  const SubmitRequest& request_;
  Submission result_;
  std::optional<RemoteTarget> target_;  ///< nullopt = this machine
  std::vector<Diagnostic> mistakes_;
  fs::path hdconfig_path_;
  SweepTrial trial_;
  bool has_trial_ = false;
  bool hdconfig_read_ = false;
  std::string interpreter_path_ = "python";
};

}  // namespace

Submission read_submission(const CommonOptions& options, const SubmitRequest& request) {
  return SubmissionReader(options, request).read();
}

std::string default_experiment(const std::string& project) {
  for (const char* folder : {"/.azureml", "/aml_config"}) {
    const auto text = read_file(project + folder + "/config.json", std::size_t{1} << 20U);
    if (!text) continue;
    const Value config = parse_json(*text);
    const Value* name = config.find("experiment_name");
    if (name != nullptr && name->is_string() && is_valid_experiment_name(name->as_string())) {
      return name->as_string();
    }
  }
  std::string name = fs::path(project).filename().string();
  std::erase_if(name, [](unsigned char c) {
    return c >= 0x80 || (std::isalnum(c) == 0 && c != '_' && c != '-');
  });
  name.erase(0, std::min(name.find_first_not_of("_-"), name.size()));
  name.resize(std::min<std::size_t>(name.size(), 100));
  return is_valid_experiment_name(name) ? name : "experiment";
}

}  // namespace hd
