#include "executors/ssh/ssh_executor.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "executors/agent_protocol/told_event.h"
#include "executors/local/local_executor.h"
#include "executors/ssh/host_link.h"
#include "executors/ssh/placement.h"
#include "executors/ssh/remote_attempt.h"
#include "executors/supervisor_protocol/attempt_spec.h"

namespace hd {
namespace {

using Key = std::pair<int, int>;
using Cancel = RemoteAttempt::Cancel;

constexpr std::chrono::seconds kShortageRetry{1};
constexpr int kMostHolds = 600;

ExitStatus ending(ExitStatus::Kind kind, std::string message) {
  ExitStatus exit;
  exit.kind = kind;
  exit.message = std::move(message);
  exit.time_us = std::chrono::duration_cast<std::chrono::microseconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count();
  return exit;
}

nlohmann::json operation(const char* op, const ChildRunSpec& spec) {
  return {{"op", op}, {"child", spec.child}, {"attempt", spec.attempt}};
}

}  // namespace

class SshExecutor::Impl final : private ExecutorListener {
 public:
  Impl(boost::asio::io_context& loop, ExecutorListener& listener, SshExecutorOptions options);
  ~Impl() override;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void start(const ChildRunSpec& spec, std::int64_t next_sequence);
  void adopt(const ChildRunSpec& spec, std::int64_t next_sequence);
  void request_cancel(Key key, bool force);
  [[nodiscard]] int slots() const { return options_.target.slots(); }

 private:
  // What hosts tell.
  void on_started(int child, int attempt, std::string where, std::int64_t process_id) override;
  void on_metrics(int child, int attempt, std::vector<MetricPoint> points) override;
  void on_tag(int child, int attempt, TagSet tag) override;
  void on_script_said(int child, int attempt, ScriptSaid said) override;
  void on_note(int child, int attempt, Noted note) override;
  void on_ended(int child, int attempt, ExitStatus exit) override;
  void on_up(HostLink& link);
  void on_down(HostLink& link, const ConnectionTrouble& trouble);
  void take(HostLink& link, const Frame& frame);

  void fill_slots();
  [[nodiscard]] HostLink* link_with_room();
  [[nodiscard]] int free_slots(const HostLink& link) const;
  void judge_hosts();
  void fail_waiting();
  void place(RemoteAttempt& attempt, HostLink& link);
  void prepare(RemoteAttempt& attempt);
  [[nodiscard]] Result<bool> list_trees(RemoteAttempt& attempt);
  void provide_next(RemoteAttempt& attempt);
  void send(RemoteAttempt& attempt);
  void send_cancel(const RemoteAttempt& attempt);
  void hold(RemoteAttempt& attempt, const Error& error);
  void finish(RemoteAttempt& attempt, std::string problem);
  void conclude(Key key, ExitStatus exit);
  void conclude_later(Key key, ExitStatus exit);
  void later(std::chrono::milliseconds delay, std::function<void()> action);
  void tell(const RemoteAttempt& attempt, std::string text);
  [[nodiscard]] RemoteAttempt* find(Key key);
  [[nodiscard]] static Key key_of(const RemoteAttempt& attempt) {
    return {attempt.spec.child, attempt.spec.attempt};
  }
  [[nodiscard]] const Result<LocalTree>& tree_of(const std::string& folder, const char* parent);

  boost::asio::io_context& loop_;
  ExecutorListener& listener_;
  SshExecutorOptions options_;
  AgentPrograms programs_;
  std::string unusable_;    ///< why nothing can run; empty when it can
  LocalExecutor returned_;  ///< reads attempts whose files are all on this machine
  std::map<Key, RemoteAttempt> attempts_;
  std::deque<Key> queue_;  ///< wait for a slot
  std::map<std::string, Result<LocalTree>> trees_;
  boost::asio::steady_timer patience_;
  bool is_patient_ = false;  ///< the timer runs
  std::vector<std::unique_ptr<HostLink>> links_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

SshExecutor::Impl::Impl(boost::asio::io_context& loop,
                        ExecutorListener& listener,
                        SshExecutorOptions options)
    : loop_(loop),
      listener_(listener),
      options_(std::move(options)),
      returned_(loop, listener),
      patience_(loop) {
  const std::string supervisor =
      options_.supervisor.empty() ? find_supervisor() : options_.supervisor;
  auto programs = read_agent_programs(
      options_.agent.empty() ? find_agent(supervisor) : options_.agent, supervisor);
  if (programs) {
    programs_ = std::move(*programs);
  } else {
    unusable_ = programs.error().message;
  }
  for (const RemoteHost& host : options_.target.hosts) {
    const std::size_t index = links_.size();
    links_.push_back(std::make_unique<HostLink>(
        loop_,
        options_.target,
        host,
        programs_,
        options_.askpass,
        HostLink::Events{
            [this, index] { on_up(*links_[index]); },
            [this, index](const ConnectionTrouble& trouble) { on_down(*links_[index], trouble); },
            [this, index](const Frame& frame) { take(*links_[index], frame); }}));
  }
}

SshExecutor::Impl::~Impl() {
  for (const auto& link : links_) link->finish();
}

RemoteAttempt* SshExecutor::Impl::find(Key key) {
  const auto found = attempts_.find(key);
  return found == attempts_.end() ? nullptr : &found->second;
}

void SshExecutor::Impl::later(std::chrono::milliseconds delay, std::function<void()> action) {
  auto timer = std::make_shared<boost::asio::steady_timer>(loop_, delay);
  timer->async_wait([timer, action = std::move(action), alive = std::weak_ptr<int>(alive_)](
                        const boost::system::error_code& error) {
    if (!error && !alive.expired()) action();
  });
}

void SshExecutor::Impl::start(const ChildRunSpec& spec, std::int64_t next_sequence) {
  const Key key{spec.child, spec.attempt};
  if (!attempts_.try_emplace(key, spec, next_sequence).second) return;
  if (!unusable_.empty()) {
    return conclude_later(key, ending(ExitStatus::Kind::kNotStarted, unusable_));
  }
  queue_.push_back(key);
  for (const auto& link : links_) link->connect();
  later(std::chrono::milliseconds(0), [this] { fill_slots(); });
}

void SshExecutor::Impl::adopt(const ChildRunSpec& spec, std::int64_t next_sequence) {
  if (ReturnedFiles(spec.attempt_directory).are_complete()) {
    return returned_.adopt(spec, next_sequence);
  }
  const auto placement = read_placement(spec.attempt_directory);
  if (!placement) return start(spec, next_sequence);
  const Key key{spec.child, spec.attempt};
  const auto [entry, is_new] = attempts_.try_emplace(key, spec, next_sequence);
  if (!is_new) return;
  const auto link = std::find_if(links_.begin(), links_.end(), [&](const auto& candidate) {
    return placement->names(candidate->host());
  });
  if (link == links_.end() || !unusable_.empty()) {
    return conclude_later(
        key,
        ending(ExitStatus::Kind::kLost,
               !unusable_.empty() ? unusable_
                                  : "it was sent to " + placement->user + "@" + placement->address +
                                        ", which the compute target " + options_.target.name +
                                        " does not name any more"));
  }
  entry->second.link = link->get();
  entry->second.may_run = true;
  (*link)->connect();
  if ((*link)->is_up()) prepare(entry->second);
}

int SshExecutor::Impl::free_slots(const HostLink& link) const {
  const auto taken = std::count_if(attempts_.begin(), attempts_.end(), [&](const auto& entry) {
    return entry.second.link == &link && !entry.second.exit;
  });
  return link.host().slots - static_cast<int>(taken);
}

HostLink* SshExecutor::Impl::link_with_room() {
  HostLink* best = nullptr;
  for (const auto& link : links_) {
    if (!link->is_up() || free_slots(*link) <= 0) continue;
    if (best == nullptr || free_slots(*link) > free_slots(*best)) best = link.get();
  }
  return best;
}

void SshExecutor::Impl::fill_slots() {
  while (!queue_.empty()) {
    HostLink* const link = link_with_room();
    if (link == nullptr) return judge_hosts();
    RemoteAttempt* const attempt = find(queue_.front());
    queue_.pop_front();
    if (attempt != nullptr) place(*attempt, *link);
  }
}

// What waits in vain is told so, and given up in the end.
void SshExecutor::Impl::judge_hosts() {
  bool all_refuse = true;
  for (const auto& link : links_) {
    if (link->is_up() || !link->trouble()) return;
    all_refuse = all_refuse && link->trouble()->is_refusal;
  }
  if (all_refuse) return fail_waiting();
  for (const Key& key : queue_) {
    RemoteAttempt* const attempt = find(key);
    if (attempt == nullptr || std::exchange(attempt->told_of_wait, true)) continue;
    tell(*attempt, "waits for a host: " + links_.front()->trouble()->message);
  }
  if (std::exchange(is_patient_, true)) return;
  const bool others = attempts_.size() > queue_.size();
  patience_.expires_after(options_.patience * (others ? 10 : 1));
  patience_.async_wait([this](const boost::system::error_code& error) {
    if (!error) fail_waiting();
  });
}

void SshExecutor::Impl::fail_waiting() {
  is_patient_ = false;
  std::string message = "no host of the compute target " + options_.target.name + " can be used";
  const char* separator = ": ";
  for (const auto& link : links_) {
    if (link->trouble()) message += separator + link->trouble()->message;
    separator = "; ";
  }
  for (const Key& key : std::exchange(queue_, {})) {
    conclude_later(key, ending(ExitStatus::Kind::kNotStarted, message));
  }
}

void SshExecutor::Impl::place(RemoteAttempt& attempt, HostLink& link) {
  if (auto written = write_placement(attempt.spec.attempt_directory, link.host()); !written) {
    return hold(attempt, written.error());
  }
  attempt.link = &link;
  prepare(attempt);
}

void SshExecutor::Impl::hold(RemoteAttempt& attempt, const Error& error) {
  const Key key = key_of(attempt);
  if (!error.may_pass || ++attempt.holds > kMostHolds) {
    return conclude_later(key, ending(ExitStatus::Kind::kNotStarted, error.message));
  }
  if (attempt.holds == 1) tell(attempt, "waits to be started: " + error.message);
  ++attempt.round;
  later(kShortageRetry, [this, key] {
    RemoteAttempt* const held = find(key);
    if (held == nullptr || held->may_run) return;
    held->link = nullptr;
    queue_.push_front(key);
    fill_slots();
  });
}

const Result<LocalTree>& SshExecutor::Impl::tree_of(const std::string& folder, const char* parent) {
  const auto known = trees_.find(folder);
  if (known != trees_.end() && known->second) return known->second;
  trees_.erase(folder);
  return trees_.emplace(folder, shared_tree(folder, parent)).first->second;
}

Result<bool> SshExecutor::Impl::list_trees(RemoteAttempt& attempt) {
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
void SshExecutor::Impl::prepare(RemoteAttempt& attempt) {
  ++attempt.round;
  const auto listed = list_trees(attempt);
  if (!listed && !attempt.may_run) return hold(attempt, listed.error());
  provide_next(attempt);
}

void SshExecutor::Impl::provide_next(RemoteAttempt& attempt) {
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

void SshExecutor::Impl::send(RemoteAttempt& attempt) {
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
  if (attempt.wanted != Cancel::kNone) send_cancel(attempt);
}

void SshExecutor::Impl::send_cancel(const RemoteAttempt& attempt) {
  nlohmann::json head = operation("cancel", attempt.spec);
  head["force"] = attempt.wanted == Cancel::kForce;
  attempt.link->send(encode_frame(std::move(head)));
}

void SshExecutor::Impl::request_cancel(Key key, bool force) {
  RemoteAttempt* const attempt = find(key);
  if (attempt == nullptr) return;
  const Cancel wanted = force ? Cancel::kForce : Cancel::kGrace;
  attempt->wanted = std::max(attempt->wanted, wanted);
  if (!attempt->may_run) {
    ++attempt->round;
    std::erase(queue_, key);
    return conclude_later(key,
                          ending(ExitStatus::Kind::kNotStarted, "canceled before it could start"));
  }
  if (attempt->sent) return send_cancel(*attempt);
  if (!force || attempt->link->is_up()) return;  // it is sent with the attempt
  conclude_later(key,
                 ending(ExitStatus::Kind::kLost,
                        host_text(attempt->link->host()) +
                            " cannot be reached to end it; it may go on there: " +
                            remote_directory(attempt->spec, options_.target.work_folder)));
}

void SshExecutor::Impl::on_up(HostLink& link) {
  is_patient_ = false;
  patience_.cancel();
  std::vector<Key> keys;
  for (const auto& [key, attempt] : attempts_) {
    if (attempt.link == &link) keys.push_back(key);
  }
  for (const Key& key : keys) {
    RemoteAttempt* const attempt = find(key);
    if (attempt == nullptr) continue;
    if (std::exchange(attempt->told_of_outage, false)) {
      tell(*attempt,
           host_text(link.host()) + (link.was_restarted()
                                         ? " can be reached again; it was restarted meanwhile"
                                         : " can be reached again"));
    }
    prepare(*attempt);
  }
  fill_slots();
}

void SshExecutor::Impl::on_down(HostLink& link, const ConnectionTrouble& trouble) {
  std::vector<Key> unsent;
  for (auto& [key, attempt] : attempts_) {
    if (attempt.link != &link) continue;
    attempt.sent = false;
    ++attempt.round;
    if (!attempt.may_run) {
      attempt.link = nullptr;
      unsent.push_back(key);
    } else if (attempt.wanted == Cancel::kForce) {
      request_cancel(key, true);
    } else if (!std::exchange(attempt.told_of_outage, true)) {
      tell(attempt,
           trouble.message + "; what runs there goes on, and is taken up when it answers again");
    }
  }
  queue_.insert(queue_.begin(), unsent.begin(), unsent.end());
  fill_slots();
}

void SshExecutor::Impl::take(HostLink& link, const Frame& frame) {
  if (deliver_event(frame, *this)) return;
  const auto answer = frame.head.value("re", "");
  if (answer != "log" && answer != "part" && answer != "sent") return;
  RemoteAttempt* const attempt = find({frame.head.at("child"), frame.head.at("attempt")});
  if (attempt == nullptr || attempt->link != &link) return;
  if (answer == "log") {
    attempt->files.take_log(frame);
  } else if (answer == "part") {
    attempt->files.take_part(frame);
  } else if (attempt->exit) {
    finish(*attempt, frame.head.value("problem", ""));
  }
}

void SshExecutor::Impl::finish(RemoteAttempt& attempt, std::string problem) {
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
  conclude(key_of(attempt), *attempt.exit);
  fill_slots();
}

void SshExecutor::Impl::tell(const RemoteAttempt& attempt, std::string text) {
  Noted note;
  note.child = attempt.spec.child;
  note.text = std::move(text);
  listener_.on_note(attempt.spec.child, attempt.spec.attempt, std::move(note));
}

void SshExecutor::Impl::conclude(Key key, ExitStatus exit) {
  if (attempts_.erase(key) == 0) return;
  std::erase(queue_, key);
  listener_.on_ended(key.first, key.second, std::move(exit));
}

void SshExecutor::Impl::conclude_later(Key key, ExitStatus exit) {
  later(std::chrono::milliseconds(0), [this, key, exit = std::move(exit)] {
    conclude(key, exit);
    fill_slots();
  });
}

void SshExecutor::Impl::on_started(int child,
                                   int attempt,
                                   std::string where,
                                   std::int64_t process_id) {
  RemoteAttempt* const found = find({child, attempt});
  if (found == nullptr) return;
  found->next_sequence = std::max<std::int64_t>(found->next_sequence, 2);
  listener_.on_started(child, attempt, std::move(where), process_id);
}

void SshExecutor::Impl::on_metrics(int child, int attempt, std::vector<MetricPoint> points) {
  RemoteAttempt* const found = find({child, attempt});
  if (found == nullptr || points.empty()) return;
  found->next_sequence = std::max(found->next_sequence, points.back().sequence + 1);
  listener_.on_metrics(child, attempt, std::move(points));
}

void SshExecutor::Impl::on_tag(int child, int attempt, TagSet tag) {
  RemoteAttempt* const found = find({child, attempt});
  if (found == nullptr) return;
  found->next_sequence = std::max(found->next_sequence, tag.sequence + 1);
  listener_.on_tag(child, attempt, std::move(tag));
}

void SshExecutor::Impl::on_script_said(int child, int attempt, ScriptSaid said) {
  RemoteAttempt* const found = find({child, attempt});
  if (found == nullptr) return;
  found->next_sequence = std::max(found->next_sequence, said.sequence + 1);
  listener_.on_script_said(child, attempt, std::move(said));
}

void SshExecutor::Impl::on_note(int child, int attempt, Noted note) {
  RemoteAttempt* const found = find({child, attempt});
  if (found == nullptr) return;
  found->next_sequence = std::max(found->next_sequence, note.sequence + 1);
  listener_.on_note(child, attempt, std::move(note));
}

// Its slot is free from here on; its end is told when its files are here.
void SshExecutor::Impl::on_ended(int child, int attempt, ExitStatus exit) {
  RemoteAttempt* const found = find({child, attempt});
  if (found == nullptr || found->link == nullptr) return;
  found->exit = std::move(exit);
  found->files.forget_problem();
  found->link->send(encode_frame(operation("fetch", found->spec)));
  fill_slots();
}

SshExecutor::SshExecutor(boost::asio::io_context& loop,
                         ExecutorListener& listener,
                         SshExecutorOptions options)
    : impl_(std::make_unique<Impl>(loop, listener, std::move(options))) {}

SshExecutor::~SshExecutor() = default;

void SshExecutor::start(const ChildRunSpec& spec) { impl_->start(spec, 1); }

void SshExecutor::adopt(const ChildRunSpec& spec, std::int64_t next_sequence) {
  impl_->adopt(spec, next_sequence);
}

void SshExecutor::request_cancel(int child, int attempt, bool force) {
  impl_->request_cancel({child, attempt}, force);
}

std::optional<int> SshExecutor::capacity() const { return impl_->slots(); }

}  // namespace hd
