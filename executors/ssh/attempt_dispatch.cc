#include "executors/ssh/attempt_dispatch.h"

#include <algorithm>

#include <boost/asio/io_context.hpp>

#include "engine/core/fault_point.h"
#include "executors/ssh/placement.h"

namespace hd {
namespace {

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

}  // namespace

AttemptDispatch::AttemptDispatch(boost::asio::io_context& loop,
                                 ExecutorListener& listener,
                                 SshExecutorOptions options)
    : loop_(loop),
      listener_(listener),
      options_(std::move(options)),
      access_{options_.target, programs_, options_.askpass, options_.login_patience},
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
        access_,
        host,
        HostLink::Events{
            [this, index] { on_up(*links_[index]); },
            [this, index](const ConnectionTrouble& trouble) { on_down(*links_[index], trouble); },
            [this, index](const Frame& frame) { take(*links_[index], frame); }}));
  }
}

AttemptDispatch::~AttemptDispatch() {
  for (const auto& link : links_) link->finish();
}

RemoteAttempt* AttemptDispatch::find(Key key) {
  const auto found = attempts_.find(key);
  return found == attempts_.end() ? nullptr : &found->second;
}

void AttemptDispatch::later(std::chrono::milliseconds delay, std::function<void()> action) {
  auto timer = std::make_shared<boost::asio::steady_timer>(loop_, delay);
  timer->async_wait([timer, action = std::move(action), alive = std::weak_ptr<int>(alive_)](
                        const boost::system::error_code& error) {
    if (!error && !alive.expired()) action();
  });
}

void AttemptDispatch::start(const ChildRunSpec& spec, std::int64_t next_sequence) {
  const Key key{spec.child, spec.attempt};
  if (!attempts_.try_emplace(key, spec, next_sequence).second) return;
  if (!unusable_.empty()) {
    return conclude_later(key, ending(ExitStatus::Kind::kNotStarted, unusable_));
  }
  queue_.push_back(key);
  for (const auto& link : links_) link->connect();
  later(std::chrono::milliseconds(0), [this] { fill_slots(); });
}

void AttemptDispatch::adopt(const ChildRunSpec& spec, std::int64_t next_sequence) {
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

int AttemptDispatch::free_slots(const HostLink& link) const {
  const auto taken = std::count_if(attempts_.begin(), attempts_.end(), [&](const auto& entry) {
    return entry.second.link == &link && !entry.second.exit;
  });
  return link.host().slots - static_cast<int>(taken);
}

HostLink* AttemptDispatch::link_with_room() {
  HostLink* best = nullptr;
  for (const auto& link : links_) {
    if (!link->is_up() || free_slots(*link) <= 0) continue;
    if (best == nullptr || free_slots(*link) > free_slots(*best)) best = link.get();
  }
  return best;
}

void AttemptDispatch::fill_slots() {
  while (!queue_.empty()) {
    HostLink* const link = link_with_room();
    if (link == nullptr) return judge_hosts();
    RemoteAttempt* const attempt = find(queue_.front());
    queue_.pop_front();
    if (attempt != nullptr && attempt->link == nullptr) place(*attempt, *link);
  }
}

// What waits in vain is told so, and given up in the end.
void AttemptDispatch::judge_hosts() {
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
  patience_.async_wait(
      [this, alive = std::weak_ptr<int>(alive_)](const boost::system::error_code& error) {
        if (!error && !alive.expired()) fail_waiting();
      });
}

void AttemptDispatch::fail_waiting() {
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

void AttemptDispatch::place(RemoteAttempt& attempt, HostLink& link) {
  if (auto written = write_placement(attempt.spec.attempt_directory, link.host()); !written) {
    return hold(attempt, written.error());
  }
  fault_point("attempt_placed");
  attempt.link = &link;
  prepare(attempt);
}

void AttemptDispatch::hold(RemoteAttempt& attempt, const Error& error) {
  const Key key = key_of(attempt);
  if (!error.may_pass || ++attempt.holds > kMostHolds) {
    return conclude_later(key, ending(ExitStatus::Kind::kNotStarted, error.message));
  }
  if (attempt.holds == 1) tell(attempt, "waits to be started: " + error.message);
  ++attempt.round;
  attempt.link = nullptr;  // nobody else puts it back into the queue
  later(kShortageRetry, [this, key] {
    if (find(key) == nullptr) return;
    queue_.push_front(key);
    fill_slots();
  });
}

void AttemptDispatch::request_cancel(Key key, bool force) {
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

void AttemptDispatch::on_up(HostLink& link) {
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

void AttemptDispatch::on_down(HostLink& link, const ConnectionTrouble& trouble) {
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

void AttemptDispatch::tell(const RemoteAttempt& attempt, std::string text) {
  Noted note;
  note.child = attempt.spec.child;
  note.text = std::move(text);
  listener_.on_note(attempt.spec.child, attempt.spec.attempt, std::move(note));
}

void AttemptDispatch::conclude(Key key, ExitStatus exit) {
  if (attempts_.erase(key) == 0) return;
  std::erase(queue_, key);
  listener_.on_ended(key.first, key.second, std::move(exit));
}

void AttemptDispatch::conclude_later(Key key, ExitStatus exit) {
  later(std::chrono::milliseconds(0), [this, key, exit = std::move(exit)] {
    conclude(key, exit);
    fill_slots();
  });
}

}  // namespace hd
