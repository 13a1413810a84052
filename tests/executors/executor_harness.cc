#include "tests/executors/executor_harness.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

#include "executors/supervisor_protocol/attempt_sweep.h"

namespace hd::testing {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

void RecordingListener::on_started(int child, int, std::string, std::int64_t pid) {
  ++started;
  process_id = pid;
  check_not_ended(child);
}
void RecordingListener::on_metrics(int child, int, std::vector<MetricPoint> more) {
  check_not_ended(child);
  points.insert(
      points.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  if (on_point) on_point();
}
void RecordingListener::on_tag(int child, int, TagSet tag) {
  check_not_ended(child);
  tags.push_back(std::move(tag));
}
void RecordingListener::on_script_said(int child, int, ScriptSaid what) {
  check_not_ended(child);
  said.push_back(std::move(what));
}
void RecordingListener::on_note(int child, int, Noted note) {
  check_not_ended(child);
  notes.push_back(std::move(note));
}
void RecordingListener::on_ended(int child, int, ExitStatus exit) {
  check_not_ended(child);
  ended_children.push_back(child);
  exits.push_back(std::move(exit));
}
void RecordingListener::check_not_ended(int child) {
  after_end += static_cast<int>(std::count(ended_children.begin(), ended_children.end(), child));
}

std::vector<double> RecordingListener::values(const std::string& name) const {
  std::vector<double> found;
  for (const auto& point : points) {
    if (point.name == name) found.push_back(point.value);
  }
  return found;
}

std::string RecordingListener::notes_text() const {
  std::string text;
  for (const auto& note : notes) text += note.text + "\n";
  return text;
}

ExecutorHarness::ExecutorHarness() {
  std::string name = (fs::temp_directory_path() / "hdrive-executor-XXXXXX").string();
  folder_ = ::mkdtemp(name.data());
  fs::create_directory(folder_ + "/snapshot");
}

ExecutorHarness::~ExecutorHarness() {
  for (const auto& nonce : nonces_) {
    int left = 0;
    EXPECT_EQ(sweep_marked_processes(nonce, left), 0) << "a process of the attempt was left";
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void ExecutorHarness::write_snapshot_file(const std::string& name,
                                          const std::string& content,
                                          int mode) {
  const std::string path = folder_ + "/snapshot/" + name;
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path) << content;
  ASSERT_EQ(::chmod(path.c_str(), static_cast<mode_t>(mode)), 0);
}

void ExecutorHarness::write_script(const std::string& body, const std::string& name) {
  write_snapshot_file(name, "#!/bin/sh\n" + body + "\n", 0700);
}

ChildRunSpec ExecutorHarness::make_spec(std::vector<std::string> argv) {
  ChildRunSpec spec;
  spec.child = static_cast<int>(nonces_.size());
  spec.run_id = "HD_test_" + std::to_string(spec.child);
  spec.nonce = fs::path(folder_).filename().string() + "-" + std::to_string(spec.child);
  spec.attempt_directory = folder_ + "/runs/" + std::to_string(spec.child) + "/0";
  spec.snapshot_directory = folder_ + "/snapshot";
  spec.argv = std::move(argv);
  spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"GREETING", "hello"}};
  spec.grace_seconds = 10;
  nonces_.push_back(spec.nonce);
  return spec;
}

void ExecutorHarness::run_until(const std::function<bool()>& condition, const char* what) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline)
        << "waited in vain until " << what << "; notes: " << listener_.notes_text();
    loop_.restart();
    loop_.run_one_for(milliseconds(50));
  }
}

void ExecutorHarness::run_for_ms(int duration) {
  loop_.restart();
  loop_.run_for(milliseconds(duration));
}

std::string ExecutorHarness::read_attempt_file(const ChildRunSpec& spec,
                                               const std::string& name) const {
  std::ifstream in(spec.attempt_directory + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool ExecutorHarness::attempt_file_exists(const ChildRunSpec& spec, const std::string& name) const {
  return fs::exists(spec.attempt_directory + "/" + name);
}

bool ExecutorHarness::any_process_left(const ChildRunSpec& spec) {
  const auto found = find_marked_processes(spec.nonce);
  return !found || !found->empty();
}

}  // namespace hd::testing
