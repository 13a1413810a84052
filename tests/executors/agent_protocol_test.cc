// What engines and agents say to each other, and what agents make of it.
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "executors/agent/agent_session.h"
#include "executors/agent/tree_builder.h"
#include "executors/agent_protocol/frame.h"
#include "executors/agent_protocol/told_event.h"
#include "executors/agent_protocol/tree_plan.h"
#include "tests/executors/executor_harness.h"

namespace hd::testing {
namespace {

namespace fs = std::filesystem;

TEST(Frame, ArrivesWholeHoweverItIsCut) {
  const std::string body("a\nb\0c", 5);
  const std::string bytes =
      encode_frame({{"op", "one"}}, body) + encode_frame({{"op", "two"}}) + "{\"op\":\"thr";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    FrameReader reader;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reader.feed(std::string_view(bytes).substr(at, piece));
      while (auto frame = reader.next()) frames.push_back(std::move(*frame));
    }
    ASSERT_EQ(frames.size(), 2u) << piece;
    EXPECT_EQ(frames[0].body, body);
    EXPECT_EQ(frames[1].head.at("op"), "two");
    EXPECT_FALSE(reader.is_broken());
  }
}

TEST(Frame, ToleratesNothingElse) {
  for (const char* text : {"hello\n", "[1]\n", "{\"bytes\":99999999999}\n"}) {
    FrameReader reader;
    reader.feed(text);
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.is_broken()) << text;
  }
}

class EventCheck : public RecordingListener {
 public:
  void pass_on(const std::string& bytes) {
    FrameReader reader;
    reader.feed(bytes);
    const auto frame = reader.next();
    ASSERT_TRUE(frame);
    EXPECT_TRUE(deliver_event(*frame, *this));
  }
};

TEST(ToldEvent, KeepsEveryValue) {
  EventCheck check;
  EventTeller teller([&](const std::string& bytes) { check.pass_on(bytes); });
  const double infinity = std::numeric_limits<double>::infinity();
  teller.on_started(3, 1, "host", 77);
  teller.on_metrics(3,
                    1,
                    {{2, "loss", 0.1, "", 4, 99},
                     {3, "low", -infinity, "", std::nullopt, 100},
                     {4, "table", std::nan(""), "{\"a\":[1]}", std::nullopt, 101}});
  teller.on_tag(3, 1, {3, "key", "value", false, true, 5});
  teller.on_script_said(3, 1, {3, "failed", "why", 6});
  teller.on_note(3, 1, {3, "text", 7});
  ExitStatus exit;
  exit.kind = ExitStatus::Kind::kSignaled;
  exit.code = 9;
  exit.message = "m";
  exit.log_tail = "t\n";
  exit.cpu_seconds = 0.25;
  exit.max_resident_bytes = 1 << 20;
  exit.time_us = 123;
  teller.on_ended(3, 1, exit);
  EXPECT_EQ(check.process_id, 77);
  ASSERT_EQ(check.points.size(), 3u);
  EXPECT_EQ(check.points[0], (MetricPoint{2, "loss", 0.1, "", 4, 99}));
  EXPECT_EQ(check.points[1].value, -infinity);
  EXPECT_TRUE(std::isnan(check.points[2].value));
  EXPECT_EQ(check.points[2].text, "{\"a\":[1]}");
  ASSERT_EQ(check.tags.size(), 1u);
  EXPECT_TRUE(check.tags[0].is_property);
  EXPECT_EQ(check.tags[0].sequence, 5);
  EXPECT_EQ(check.said.at(0).message, "why");
  EXPECT_EQ(check.notes.at(0).sequence, 7);
  ASSERT_EQ(check.exits.size(), 1u);
  EXPECT_EQ(check.exits[0], exit);
}

TEST(TreePlan, RefusesWhatLeadsOut) {
  for (const char* path : {"", "/etc/passwd", "../a", "a/../b", "a//b", "a/", ".", "./a"}) {
    EXPECT_FALSE(is_inner_path(path)) << path;
    TreeEntry entry;
    entry.path = path;
    EXPECT_FALSE(decode_tree_plan(encode_tree_plan({entry}))) << path;
  }
  TreeEntry entry;
  entry.path = "a";
  entry.sha256 = "../../x";
  EXPECT_FALSE(decode_tree_plan(encode_tree_plan({entry})));
  EXPECT_FALSE(decode_tree_plan("fx"));
}

class AgentSessionTest : public ExecutorHarness {};

TEST_F(AgentSessionTest, GreetsAndEndsWhenItsEngineIsSilent) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const AgentSession session(
      loop_, folder_, ends[0], ::dup(ends[0]), std::chrono::milliseconds(400));
  loop_.run_for(std::chrono::seconds(30));
  EXPECT_TRUE(loop_.stopped());
  std::string said(65536, '\0');
  said.resize(
      static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[1], said.data(), said.size()))));
  FrameReader reader;
  reader.feed(said);
  const auto frame = reader.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->head.at("re"), "hello");
  EXPECT_EQ(frame->head.at("work"), folder_);
  ::close(ends[1]);
}

class TreeBuilderTest : public ExecutorHarness {};

TEST_F(TreeBuilderTest, NeedsAContentOnce) {
  TreeEntry first;
  first.path = "train.py";
  first.size = 5;
  first.sha256 = std::string(64, 'a');
  TreeEntry twin = first;
  twin.path = "same.py";
  const std::string entries = encode_tree_plan({first, twin});
  TreeBuilder builder(folder_);
  auto progress = builder.plan("snapshots/one", entries);
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->missing, std::vector<std::size_t>{0});
  EXPECT_FALSE(builder.put("snapshots/one", 0, "hel", false)->built);
  EXPECT_FALSE(fs::exists(folder_ + "/snapshots/one")) << "half of it";
  EXPECT_TRUE(builder.put("snapshots/one", 0, "lo", true)->built);
  EXPECT_EQ(fs::file_size(folder_ + "/snapshots/one/same.py"), 5u);
  EXPECT_TRUE(builder.plan("snapshots/one", entries)->built) << "it is there already";
  TreeEntry other;
  other.path = "new.py";
  other.size = 1;
  other.sha256 = std::string(64, 'b');
  progress = builder.plan("snapshots/two", encode_tree_plan({other, first}));
  EXPECT_EQ(progress->missing, std::vector<std::size_t>{0}) << "only what is new";
}

TEST_F(TreeBuilderTest, TakesNoFileOfAnotherSize) {
  TreeEntry entry;
  entry.path = "data";
  entry.size = 5;
  TreeBuilder builder(folder_);
  ASSERT_TRUE(builder.plan("resume", encode_tree_plan({entry})));
  EXPECT_FALSE(builder.put("resume", 0, "four", true));
  EXPECT_FALSE(fs::exists(folder_ + "/resume"));
}

}  // namespace
}  // namespace hd::testing
