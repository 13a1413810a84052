#include <functional>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "cli/compose.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/run_document.h"
#include "cli/run_story.h"
#include "cli/stored_history.h"
#include "cli/text.h"
#include "cli/warm_start.h"
#include "engine/core/short_number.h"

namespace hd {

namespace {

std::string_view cause_name(CancelCause cause) {
  switch (cause) {
    case CancelCause::kPolicy:
      return "policy";
    case CancelCause::kUser:
      return "user";
    case CancelCause::kDuration:
      return "duration";
    case CancelCause::kFirstFailures:
      return "first_failures";
    case CancelCause::kInterrupt:
      return "interrupt";
  }
  return "unknown";
}

std::string_view kind_name(ExitStatus::Kind kind) {
  switch (kind) {
    case ExitStatus::Kind::kExited:
      return "exited";
    case ExitStatus::Kind::kSignaled:
      return "signaled";
    case ExitStatus::Kind::kNotStarted:
      return "not_started";
    case ExitStatus::Kind::kLost:
      return "lost";
    case ExitStatus::Kind::kTimeLimit:
      return "time_limit";
  }
  return "unknown";
}

/// The child run of an earlier parent run that this one goes on from; null for nearly all.
Value resumed_from(const ParentRunSpec& spec, const RunSummary& run) {
  const auto& resumed = spec.warm_start.children;
  const auto child = static_cast<std::size_t>(run.child);
  return run.is_child && child < resumed.size() ? Value(resumed[child].run_id) : Value();
}

Value::List numbers(const std::vector<int>& children) { return {children.begin(), children.end()}; }

std::string joined(const std::vector<int>& children) {
  std::string text;
  for (const int child : children) text += (text.empty() ? "" : ", ") + std::to_string(child);
  return text;
}

/// Reads the events of a child run into a document and into sentences.
class Explanation {
 public:
  /// `pending_at` tells what was pending when an ask was issued.
  explicit Explanation(std::function<PendingRuns(int ask)> pending_at)
      : pending_at_(std::move(pending_at)) {}

  void begin(const RunSummary& run, const WarmStart& warm_start) {
    time_ = utc_time(run.created_us);
    for (const std::string& line : warm_start_lines(warm_start)) say(line);
  }

  void read(const Event& event) {
    time_ = utc_time(event.time_us);
    std::visit([this](const auto& body) { on(body); }, event.body);
  }

  Value proposed, canceled;
  Value::List attempts, verdicts, notes;
  Value::List sentences;

 private:
  template <typename Body>
  void on(const Body&) {}

  void on(const AskAnswered& body) {
    const std::string reason = body.reasons.empty() ? "" : body.reasons.front();
    Value::Map document = {{"timeUtc", time_}, {"ask", body.ask}, {"reason", reason}};
    say(reason.empty() ? "proposed by the sampler" : "proposed by the sampler: " + reason);
    // Only a sampler that looks at what is known says more.
    if (!body.details.empty() && body.details.front().is_map()) {
      add_details(document, body.details.front(), pending_at_(body.ask));
    }
    proposed = std::move(document);
  }
  void add_details(Value::Map& document, const Value& details, const PendingRuns& pending) {
    document.emplace_back("details", details);
    document.emplace_back(
        "pending",
        Value::Map{{"running", numbers(pending.running)}, {"queued", numbers(pending.queued)}});
    const Value* scales = details.find("lengthScales");
    if (scales != nullptr && scales->is_list() && !scales->as_list().empty()) {
      say_more("what one length scale is to each parameter, the most relevant first:");
      for (const Value& scale : scales->as_list()) {
        const Value* words = scale.find("words");
        if (words != nullptr && words->is_string()) say_more("  " + words->as_string());
      }
    }
    say_more(pending.running.empty() ? "no child run was running then"
                                     : "running then: " + joined(pending.running));
    if (!pending.queued.empty()) say_more("waiting to start then: " + joined(pending.queued));
  }
  void on(const ChildStarting& body) {
    std::string text = fmt::format("attempt {} was started", body.attempt);
    if (ran_attempt_ >= 0) {
      text += fmt::format(", to go on from the outputs of attempt {}", ran_attempt_);
    }
    say(text);
  }
  void on(const ChildStarted& body) {
    ran_attempt_ = body.attempt;
    say(fmt::format(
        "attempt {} runs on {} as process {}", body.attempt, body.where, body.process_id));
  }
  void on(const PolicyJudged& body) {
    const PolicyVerdict& verdict = body.verdict;
    const bool cancel = verdict.outcome == PolicyVerdict::Outcome::kCancel;
    verdicts.push_back(Value::Map{{"timeUtc", time_},
                                  {"interval", verdict.interval},
                                  {"value", verdict.value},
                                  {"limit", verdict.limit},
                                  {"population", verdict.population},
                                  {"outcome", cancel ? "cancel" : "continue"}});
    say(fmt::format("policy at interval {}: {} against the limit {} from {} other child runs: {}",
                    verdict.interval,
                    short_number(verdict.value),
                    short_number(verdict.limit),
                    verdict.population,
                    cancel ? "cancel" : "continue"));
  }
  void on(const ChildCancelRequested& body) { say("asked to end: " + body.reason); }
  void on(const CancelRequested& body) {
    canceled = Value::Map{{"timeUtc", time_},
                          {"cause", std::string(cause_name(body.cause))},
                          {"reason", body.reason}};
    say("canceled (" + std::string(cause_name(body.cause)) + "): " + body.reason);
  }
  void on(const RetryDue&) { say("due for another attempt"); }
  void on(const ScriptSaid& body) {
    say("the script said it " + body.status + (body.message.empty() ? "" : ": " + body.message));
  }
  void on(const Noted& body) {
    notes.push_back(body.text);
    say(body.text);
  }
  void on(const ChildEnded& body) {
    Value::List log;
    for (std::string& line : last_lines(body.exit.log_tail, 10)) log.emplace_back(std::move(line));
    attempts.push_back(Value::Map{{"attempt", body.attempt},
                                  {"endTimeUtc", time_},
                                  {"kind", std::string(kind_name(body.exit.kind))},
                                  {"code", body.exit.code},
                                  {"message", body.exit.message},
                                  {"logTail", log},
                                  {"cpuSeconds", body.exit.cpu_seconds},
                                  {"maxResidentBytes", body.exit.max_resident_bytes}});
    say(fmt::format("attempt {} ended: {}", body.attempt, describe(body.exit)));
    for (const Value& line : log) say("    " + line.as_string());
  }

  void say_more(const std::string& text) { say("    " + text); }
  void say(const std::string& text) { sentences.emplace_back(time_ + ' ' + printable(text)); }

  std::function<PendingRuns(int ask)> pending_at_;
  int ran_attempt_ = -1;
  std::string time_;
};

int explain(const CommonOptions& options, const std::string& run_id) {
  const OpenedHistory history = open_history(options);
  const RunSummary run = require_run(history, run_id);
  const std::string& parent = run.is_child ? run.parent_run_id : run.run_id;
  const int child = run.is_child ? run.child : (run.is_sweep() ? -1 : 0);
  const auto spec = history.store.spec(parent);
  Explanation explanation([&](int ask) {
    return spec ? pending_at_ask(history.store, parent, config_of(*spec), ask, child)
                : PendingRuns{};
  });
  if (run.is_sweep() && spec) explanation.begin(run, spec->warm_start);
  for (const Event& event : history.store.events_of_child(parent, child)) explanation.read(event);
  if (wants_text(options)) {
    std::string text = run.run_id + ' ' + std::string(status_name(run.status)) + '\n';
    const auto arguments = hyperparameter_arguments(run.hyperparameters);
    if (!arguments.empty()) text += "  " + printable(shell_line(arguments)) + '\n';
    for (const Value& sentence : explanation.sentences) text += "  " + sentence.as_string() + '\n';
    if (!run.termination_reason.empty()) text += "  " + printable(run.termination_reason) + '\n';
    write_stdout(text);
    return kExitDone;
  }
  Value::Map document = {
      {"runId", run.run_id},
      {"status", std::string(status_name(run.status))},
      {"hyperparameters",
       run.hyperparameters.empty() ? Value(Value::Map{}) : parse_json(run.hyperparameters)},
      {"proposed", explanation.proposed},
      {"resumedFrom", spec ? resumed_from(*spec, run) : Value()},
      {"warmStart", run.is_sweep() && spec ? warm_start_document(spec->warm_start) : Value()},
      {"verdicts", explanation.verdicts},
      {"canceled", explanation.canceled},
      {"attempts", explanation.attempts},
      {"notes", explanation.notes},
      {"terminationReason", run.termination_reason},
      {"explanation", explanation.sentences},
      {"schemaVersion", 1}};
  print_result(options, document);
  return kExitDone;
}

}  // namespace

void add_explain_command(Program& program, CLI::App& run) {
  auto run_id = std::make_shared<std::string>();
  CLI::App* command =
      add_command(program,
                  run,
                  "explain",
                  "Why a child run was started, what the policy said, why it ended",
                  "hdrive run explain -r HD_..._7",
                  [run_id](const CommonOptions& options) { return explain(options, *run_id); });
  add_run_option(*command, *run_id);
}

}  // namespace hd
