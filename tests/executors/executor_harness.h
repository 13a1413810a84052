#pragma once
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "engine/core/executor.h"

namespace hd::testing {

/// Remembers everything it is told about attempts, in order.
class RecordingListener : public ExecutorListener {
 public:
  void on_started(int child, int attempt, std::string where, std::int64_t process_id) override;
  void on_metrics(int child, int attempt, std::vector<MetricPoint> points) override;
  void on_tag(int child, int attempt, TagSet tag) override;
  void on_script_said(int child, int attempt, ScriptSaid said) override;
  void on_note(int child, int attempt, Noted note) override;
  void on_ended(int child, int attempt, ExitStatus exit) override;

  [[nodiscard]] bool ended() const { return !exits.empty(); }
  void check_not_ended(int child);
  [[nodiscard]] std::vector<double> values(const std::string& name) const;
  [[nodiscard]] std::string notes_text() const;

  int started = 0;
  std::int64_t process_id = 0;
  std::vector<MetricPoint> points;
  std::vector<TagSet> tags;
  std::vector<ScriptSaid> said;
  std::vector<Noted> notes;
  std::vector<ExitStatus> exits;
  int after_end = 0;  ///< calls that came after the end of their attempt
  std::vector<int> ended_children;
  std::function<void()> on_point;
};

/// How an executor under test is made.
struct ExecutorKind {
  friend void PrintTo(const ExecutorKind& kind, std::ostream* out) { *out << kind.name; }

  std::string name;
  /// The folder is the test's own. A null pointer: it cannot be had on this machine.
  std::function<std::unique_ptr<Executor>(
      boost::asio::io_context&, ExecutorListener&, const std::string& folder)>
      make;
  /// Where an attempt runs: on another machine its directory has another path.
  std::function<std::string(const std::string& folder, const ChildRunSpec&)> directory;
};

/// A folder with a snapshot and attempts, a loop and a listener; and a check that no process is
/// left.
class ExecutorHarness : public ::testing::Test {
 protected:
  ExecutorHarness();
  ~ExecutorHarness() override;

  /// Writes an executable shell script into the snapshot.
  void write_script(const std::string& body, const std::string& name = "run.sh");
  void write_snapshot_file(const std::string& name, const std::string& content, int mode = 0600);
  /// A spec that runs `argv` (run.sh by default) in a fresh attempt directory.
  ChildRunSpec make_spec(std::vector<std::string> argv = {"./run.sh"});
  /// Runs the loop until the condition holds; fails the test after half a minute.
  void run_until(const std::function<bool()>& condition, const char* what);
  void run_to_end() {
    run_until([this] { return listener_.ended(); }, "the attempt ended");
  }
  /// Runs the loop for a while, to hear what should not come.
  void run_for_ms(int milliseconds);
  [[nodiscard]] std::string read_attempt_file(const ChildRunSpec& spec,
                                              const std::string& name) const;
  [[nodiscard]] bool attempt_file_exists(const ChildRunSpec& spec, const std::string& name) const;
  [[nodiscard]] static bool any_process_left(const ChildRunSpec& spec);

  std::string folder_;
  boost::asio::io_context loop_;
  RecordingListener listener_;
  std::vector<std::string> nonces_;
};

}  // namespace hd::testing
