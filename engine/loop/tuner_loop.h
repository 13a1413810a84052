#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "engine/core/ask_worker.h"
#include "engine/core/clock.h"
#include "engine/core/executor.h"
#include "engine/core/hyperdrive_config.h"
#include "engine/core/parent_run_spec.h"
#include "engine/core/policy.h"
#include "engine/core/run_observer.h"
#include "engine/core/sampler.h"
#include "engine/store/run_store.h"

namespace boost::asio {
class io_context;
}

namespace hd {

/// What one engine drives: a parent run with its sampler and policy.
struct TunerLoopParts {
  ParentRunSpec spec;
  HyperDriveConfig config;
  std::unique_ptr<Sampler> sampler;
  std::unique_ptr<Policy> policy;
  /// Everything needed to start an attempt of a child run; must depend on its arguments alone.
  std::function<ChildRunSpec(const ChildRun& child, int attempt)> child_spec;
  /// Where asks of a sampler that learns are answered; null = a thread of the loop's own.
  std::unique_ptr<AskWorker> ask_worker;
  /// How often commands of other processes are looked for; 0 = never.
  std::chrono::milliseconds command_poll{200};
};

/// Carries out the decisions of a Tuner for one parent run. Its heart is `handle`: apply, decide,
/// append everything in one transaction, and only then act. Runs on the thread of `run`.
class TunerLoop final : public ExecutorListener {
 public:
  /// Replays what the store has of the parent run. Store and clock must outlive the loop.
  TunerLoop(boost::asio::io_context& io, Clock& clock, RunStore& store, TunerLoopParts parts);
  ~TunerLoop() override;

  /// Must be called before `run`; the executor's listener is this loop.
  void set_executor(Executor& executor);
  /// Called after every commit; must outlive the loop.
  void add_observer(RunObserver& observer);

  /// Called with a message when the history cannot be used (everything waits and is tried again
  /// every two seconds), and with an empty one when it can again.
  void on_trouble(std::function<void(const std::string&)> handler);

  /// Takes the parent run over, adopts children of an earlier engine, and drives it to its end.
  /// Returns its final status, or kRunning when `detach` was called. Throws StoreError when another
  /// engine took over or the history cannot be written for good.
  RunStatus run();

  /// First call: cancel the sweep gracefully (SIGTERM, grace). Second: SIGKILL; and when the
  /// history cannot be written even then, `run` throws its StoreError once no child runs any more,
  /// for another engine to settle the rest. Loop thread only.
  void interrupt();
  /// Stop driving and leave everything running; another engine can resume. Loop thread only.
  void detach();

  [[nodiscard]] const History& history() const;
  [[nodiscard]] const Policy& policy() const;

  // ExecutorListener
  void on_started(int child, int attempt, std::string where, std::int64_t process_id) override;
  void on_metrics(int child, int attempt, std::vector<MetricPoint> points) override;
  void on_tag(int child, int attempt, TagSet tag) override;
  void on_script_said(int child, int attempt, ScriptSaid said) override;
  void on_note(int child, int attempt, Noted note) override;
  void on_ended(int child, int attempt, ExitStatus exit) override;

 private:
  struct State;
  std::function<void(const std::string&)> trouble_;
  std::unique_ptr<State> state_;
};

}  // namespace hd
