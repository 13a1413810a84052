// What is said between the engine and its hosts: sending attempts, and hearing of them.
#include <algorithm>

#include "engine/core/fault_point.h"
#include "executors/agent_protocol/told_event.h"
#include "executors/ssh/attempt_dispatch.h"
#include "executors/supervisor_protocol/attempt_spec.h"

namespace hd {
namespace {

using Cancel = RemoteAttempt::Cancel;

nlohmann::json operation(const char* op, const ChildRunSpec& spec) {
  return {{"op", op}, {"child", spec.child}, {"attempt", spec.attempt}};
}

}  // namespace

const Result<LocalTree>& AttemptDispatch::tree_of(const std::string& folder, const char* parent) {
  const auto known = trees_.find(folder);
  if (known != trees_.end() && known->second) return known->second;
  trees_.erase(folder);
  return trees_.emplace(folder, shared_tree(folder, parent)).first->second;
}

Result<bool> AttemptDispatch::list_trees(RemoteAttempt& attempt) {
  attempt.trees.clear();
  const ChildRunSpec& spec = attempt.spec;
  const auto& snapshot = tree_of(spec.snapshot_directory, "snapshots");
  if (!snapshot) return snapshot.error();
  attempt.trees.push_back(*snapshot);
  for (const std::string& folder : options_.shipped_folders) {
    const auto& shipped = tree_of(folder, "packages");
    if (!shipped) return shipped.error();
    attempt.trees.push_back(*shipped);
  }
  if (!spec.resume_from.empty()) {
    auto outputs = single_tree(spec.resume_from, remote_directory(spec, "").substr(1) + "/resume");
    if (!outputs) return outputs.error();
    attempt.trees.push_back(std::move(*outputs));
  }
  return true;
}

// What an attempt needs is on the host before it is sent. One that may run there has it.
void AttemptDispatch::prepare(RemoteAttempt& attempt) {
  ++attempt.round;
  const auto listed = list_trees(attempt);
  if (!listed && !attempt.may_run) return hold(attempt, listed.error());
  provide_next(attempt);
}

void AttemptDispatch::provide_next(RemoteAttempt& attempt) {
  if (attempt.trees.empty()) return send(attempt);
  const LocalTree tree = attempt.trees.front();
  attempt.trees.pop_front();
  attempt.link->provide(
      tree,
      [this, key = key_of(attempt), round = attempt.round, alive = std::weak_ptr<int>(alive_)](
          const std::optional<Error>& error) {
        RemoteAttempt* const waiting = alive.expired() ? nullptr : find(key);
        if (waiting == nullptr || waiting->round != round || waiting->link == nullptr ||
            !waiting->link->is_up()) {
          return;
        }
        if (error && !waiting->may_run) return hold(*waiting, *error);
        provide_next(*waiting);
      });
}

void AttemptDispatch::send(RemoteAttempt& attempt) {
  const HostGreeting& greeting = attempt.link->greeting();
  const ChildRunSpec& spec = attempt.spec;
  RemotePlaces places;
  const auto place_of = [&](const std::string& folder) {
    const auto known = trees_.find(folder);
    if (known != trees_.end() && known->second) {
      places.moved.emplace_back(folder, greeting.work + "/" + known->second->folder);
    }
  };
  place_of(spec.snapshot_directory);
  for (const std::string& folder : options_.shipped_folders) place_of(folder);
  if (!spec.resume_from.empty()) {
    places.moved.emplace_back(spec.resume_from,
                              remote_directory(spec, greeting.work) + "/resume" +
                                  spec.resume_from.substr(spec.resume_from.rfind('/')));
  }
  if (options_.with_login_environment) places.environment = greeting.environment;
  for (const auto& variable : options_.target.environment) {
    std::erase_if(places.environment,
                  [&](const auto& other) { return other.first == variable.first; });
    places.environment.push_back(variable);
  }
  places.python = greeting.python;
  nlohmann::json head = operation("run", spec);
  head["next"] = attempt.next_sequence;
  head["logs"] = attempt.files.log_sizes();
  attempt.may_run = true;
  attempt.sent = true;
  attempt.link->send(
      encode_frame(std::move(head), encode_attempt_spec(remote_spec(spec, greeting.work, places))));
  fault_point("attempt_sent");
  if (attempt.wanted != Cancel::kNone) send_cancel(attempt);
}

void AttemptDispatch::send_cancel(const RemoteAttempt& attempt) {
  nlohmann::json head = operation("cancel", attempt.spec);
  head["force"] = attempt.wanted == Cancel::kForce;
  attempt.link->send(encode_frame(std::move(head)));
}

void AttemptDispatch::take(HostLink& link, const Frame& frame) {
  if (!frame.head.contains("child")) return;
  // A host speaks for its own attempts alone.
  RemoteAttempt* const attempt = find({frame.head.at("child"), frame.head.at("attempt")});
  if (attempt == nullptr || attempt->link != &link || deliver_event(frame, *this)) return;
  const auto answer = frame.head.value("re", "");
  if (answer == "log") {
    attempt->files.take_log(frame);
  } else if (answer == "part") {
    attempt->files.take_part(frame);
  } else if (answer == "sent" && attempt->exit) {
    finish(*attempt, frame.head.value("problem", ""));
  }
}

void AttemptDispatch::finish(RemoteAttempt& attempt, std::string problem) {
  if (problem.empty()) problem = attempt.files.problem();
  const bool keep = options_.target.keep_files || !problem.empty();
  if (!problem.empty()) {
    tell(attempt,
         "not everything could be brought back (" + problem + "); it is kept on " +
             host_text(attempt.link->host()) + " in " +
             remote_directory(attempt.spec, attempt.link->greeting().work));
  }
  nlohmann::json head = operation("forget", attempt.spec);
  head["remove"] = !keep;
  attempt.link->send(encode_frame(std::move(head)));
  fault_point("attempt_returned");
  conclude(key_of(attempt), *attempt.exit);
  fill_slots();
}

void AttemptDispatch::on_started(int child,
                                 int attempt,
                                 std::string where,
                                 std::int64_t process_id) {
  RemoteAttempt* const found = find({child, attempt});
  if (found == nullptr) return;
  found->next_sequence = std::max<std::int64_t>(found->next_sequence, 2);
  listener_.on_started(child, attempt, std::move(where), process_id);
}

void AttemptDispatch::on_metrics(int child, int attempt, std::vector<MetricPoint> points) {
  RemoteAttempt* const found = find({child, attempt});
  if (found == nullptr || points.empty()) return;
  found->next_sequence = std::max(found->next_sequence, points.back().sequence + 1);
  listener_.on_metrics(child, attempt, std::move(points));
}

void AttemptDispatch::on_tag(int child, int attempt, TagSet tag) {
  RemoteAttempt* const found = find({child, attempt});
  if (found == nullptr) return;
  found->next_sequence = std::max(found->next_sequence, tag.sequence + 1);
  listener_.on_tag(child, attempt, std::move(tag));
}

void AttemptDispatch::on_script_said(int child, int attempt, ScriptSaid said) {
  RemoteAttempt* const found = find({child, attempt});
  if (found == nullptr) return;
  found->next_sequence = std::max(found->next_sequence, said.sequence + 1);
  listener_.on_script_said(child, attempt, std::move(said));
}

void AttemptDispatch::on_note(int child, int attempt, Noted note) {
  RemoteAttempt* const found = find({child, attempt});
  if (found == nullptr) return;
  found->next_sequence = std::max(found->next_sequence, note.sequence + 1);
  listener_.on_note(child, attempt, std::move(note));
}

// Its slot is free from here on; its end is told when its files are here.
void AttemptDispatch::on_ended(int child, int attempt, ExitStatus exit) {
  RemoteAttempt* const found = find({child, attempt});
  if (found == nullptr || found->link == nullptr) return;
  found->exit = std::move(exit);
  found->files.forget_problem();
  found->link->send(encode_frame(operation("fetch", found->spec)));
  fill_slots();
}

}  // namespace hd
