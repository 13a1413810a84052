#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "executors/local/local_executor.h"
#include "executors/ssh/host_link.h"
#include "executors/ssh/remote_attempt.h"
#include "executors/ssh/ssh_executor.h"

namespace hd {

/// Carries attempts to hosts and back: gives them slots (attempt_dispatch.cc), and talks of them
/// with the hosts (attempt_exchange.cc). What SshExecutor promises holds for its members.
class AttemptDispatch final : private ExecutorListener {
 public:
  using Key = std::pair<int, int>;  ///< child and attempt

  AttemptDispatch(boost::asio::io_context& loop,
                  ExecutorListener& listener,
                  SshExecutorOptions options);
  ~AttemptDispatch() override;
  AttemptDispatch(const AttemptDispatch&) = delete;
  AttemptDispatch& operator=(const AttemptDispatch&) = delete;

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
  HostAccess access_;
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

}  // namespace hd
