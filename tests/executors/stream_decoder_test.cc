#include "executors/supervisor_protocol/stream_decoder.h"

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/rng.h"
#include "tests/executors/sealed.h"

namespace hd {
namespace {

class Listener : public ExecutorListener {
 public:
  void on_started(int, int, std::string where, std::int64_t pid) override {
    told += "started " + where + " " + std::to_string(pid) + "\n";
  }
  void on_metrics(int, int, std::vector<MetricPoint> more) override {
    ++batches;
    for (auto& point : more) {
      told += std::to_string(point.sequence) + " " + point.name + "\n";
      points.push_back(std::move(point));
    }
  }
  void on_tag(int, int, TagSet tag) override { told += "tag " + tag.key + "\n"; }
  void on_script_said(int, int, ScriptSaid said) override { told += "said " + said.status + "\n"; }
  void on_note(int, int, Noted note) override { told += "note " + note.text.substr(0, 24) + "\n"; }
  void on_ended(int, int, ExitStatus) override {
    ADD_FAILURE() << "the decoder never ends attempts";
  }

  std::string told;
  std::vector<MetricPoint> points;
  int batches = 0;
};

const std::string kStream = testing::sealed(
    "{\"n\":1,\"k\":\"started\",\"pid\":123,\"where\":\"host\",\"t\":1}\n"
    "{\"n\":2,\"k\":\"m\",\"p\":[[\"loss\",0.31,4,17],[\"acc\",\"NaN\",null,18]]}\n"
    "{\"n\":4,\"k\":\"m\",\"p\":[[\"note\",{\"json\":[1,\"a\"]},null,19]]}\n"
    "{\"n\":5,\"k\":\"tag\",\"key\":\"a\",\"value\":\"b\",\"property\":false}\n"
    "{\"n\":6,\"k\":\"said\",\"status\":\"completed\",\"message\":\"\"}\n"
    "{\"n\":7,\"k\":\"note\",\"text\":\"something\"}\n"
    "{\"n\":8,\"k\":\"exited\",\"kind\":\"signaled\",\"code\":9,\"message\":\"\",\"log_tail\":"
    "\"t\","
    "\"cpu_seconds\":0.5,\"max_resident_bytes\":4096,\"t\":20}\n");
const std::string kTold =
    "started host 123\n2 loss\n3 acc\n4 note\ntag a\nsaid completed\nnote something\n";

TEST(StreamDecoder, TellsEveryFactInOrder) {
  Listener listener;
  StreamDecoder decoder(3, 0, listener, 1);
  decoder.feed(kStream);
  EXPECT_EQ(listener.told, kTold);
  EXPECT_EQ(listener.batches, 1);
  EXPECT_EQ(listener.points[0], (MetricPoint{2, "loss", 0.31, "", 4, 17}));
  EXPECT_TRUE(std::isnan(listener.points[1].value));
  EXPECT_EQ(listener.points[2].text, "[1,\"a\"]");
  ASSERT_TRUE(decoder.exit());
  EXPECT_EQ(decoder.exit()->kind, ExitStatus::Kind::kSignaled);
  EXPECT_EQ(decoder.exit()->code, 9);
  EXPECT_EQ(decoder.exit()->max_resident_bytes, 4096);
  EXPECT_EQ(decoder.next_sequence(), 9);
}

TEST(StreamDecoder, PiecesDoNotMatter) {
  for (std::size_t length = 1; length < 80; ++length) {
    Listener listener;
    StreamDecoder decoder(3, 0, listener, 1);
    for (std::size_t i = 0; i < kStream.size(); i += length)
      decoder.feed(kStream.substr(i, length));
    ASSERT_EQ(listener.told, kTold) << length;
    ASSERT_TRUE(decoder.exit());
  }
}

TEST(StreamDecoder, SkipsWhatIsKnown) {
  Listener listener;
  StreamDecoder decoder(3, 0, listener, 3);
  decoder.feed(kStream);
  EXPECT_EQ(listener.told, "3 acc\n4 note\ntag a\nsaid completed\nnote something\n");
  decoder.restart();
  decoder.feed(kStream);
  EXPECT_EQ(listener.points.size(), 2u);
}

TEST(StreamDecoder, TellsDamageOnceAndGoesOn) {
  Listener listener;
  StreamDecoder decoder(3, 0, listener, 1);
  decoder.feed(testing::sealed(
      "garbage\n{\"n\":1}\n{\"n\":1,\"k\":\"m\",\"p\":[[\"a\",0.5,null,1]]}\n\xff\n"));
  EXPECT_EQ(listener.told, "note a line of the attempt's \n1 a\n");
}

TEST(StreamDecoder, TellsGaps) {
  Listener listener;
  StreamDecoder decoder(3, 0, listener, 1);
  decoder.feed(testing::sealed("{\"n\":5,\"k\":\"m\",\"p\":[[\"a\",0.5,null,1]]}\n"));
  EXPECT_NE(listener.told.find("note the stream of the attem"), std::string::npos);
  EXPECT_EQ(decoder.next_sequence(), 6);
}

TEST(StreamDecoder, CountsFactsOfNewerSupervisors) {
  Listener listener;
  StreamDecoder decoder(3, 0, listener, 1);
  decoder.feed(testing::sealed(
      "{\"n\":1,\"k\":\"telemetry\",\"x\":1}\n{\"n\":2,\"k\":\"note\",\"text\":\"b\"}\n"));
  EXPECT_EQ(listener.told, "note b\n");
}

/// What a decoder makes of the bytes: what was written, and apart from it what it says of damage.
struct Heard {
  std::string facts;
  std::string damage;
};
Heard hear(const std::string& stream) {
  Listener listener;
  StreamDecoder decoder(3, 0, listener, 1);
  decoder.feed(stream);
  Heard heard;
  std::istringstream lines(listener.told);
  for (std::string line; std::getline(lines, line);) {
    const bool is_damage = line.starts_with("note a line of the attempt") ||
                           line.starts_with("note the stream of the");
    (is_damage ? heard.damage : heard.facts) += line + "\n";
  }
  if (decoder.exit()) heard.facts += "exited " + std::to_string(decoder.exit()->code) + "\n";
  for (const MetricPoint& point : listener.points) {
    heard.facts += std::to_string(point.value) + point.text + "\n";
  }
  return heard;
}

/// Whether the lines of `part` are some of the lines of `whole`, in their order.
bool is_subsequence(const std::string& part, const std::string& whole) {
  std::istringstream some(part);
  std::istringstream all(whole);
  for (std::string wanted; std::getline(some, wanted);) {
    bool found = false;
    for (std::string line; !found && std::getline(all, line);) found = line == wanted;
    if (!found) return false;
  }
  return true;
}

TEST(StreamDecoder, ATruncatedStreamIsAPrefix) {
  Listener whole;
  StreamDecoder all(3, 0, whole, 1);
  all.feed(kStream);
  for (std::size_t size = 0; size < kStream.size(); ++size) {
    Listener listener;
    StreamDecoder decoder(3, 0, listener, 1);
    decoder.feed(kStream.substr(0, size));
    ASSERT_TRUE(whole.told.starts_with(listener.told)) << size;
    ASSERT_FALSE(decoder.exit()) << size;
  }
}

TEST(StreamDecoder, AMissingRecordIsSaid) {
  std::vector<std::size_t> begins = {0};
  for (std::size_t i = 0; i + 1 < kStream.size(); ++i) {
    if (kStream[i] == '\n') begins.push_back(i + 1);
  }
  for (std::size_t i = 0; i + 1 < begins.size(); ++i) {
    std::string stream = kStream;
    stream.erase(begins[i], begins[i + 1] - begins[i]);
    EXPECT_NE(hear(stream).damage.find("note the stream of the"), std::string::npos) << i;
  }
}

TEST(StreamDecoder, AlteredBytesInventNothing) {
  const Heard whole = hear(kStream);
  ASSERT_EQ(whole.damage, "");
  Rng rng(3, RngPurpose::kTest, 1);
  for (int round = 0; round < 2000; ++round) {
    std::string stream = kStream;
    std::string what = "bytes";
    const std::uint64_t count = 1 + rng.next_below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::size_t at = rng.next_below(stream.size());
      stream[at] = static_cast<char>(rng.next_below(256));
      what += ' ' + std::to_string(at);
    }
    const Heard heard = hear(stream);
    ASSERT_TRUE(is_subsequence(heard.facts, whole.facts)) << what << "\n" << heard.facts;
    // What is missing is said; without the end, it is an attempt that is not over.
    if (heard.facts != whole.facts && heard.facts.find("exited") != std::string::npos) {
      ASSERT_NE(heard.damage, "") << what;
    }
  }
}

TEST(SealedRecord, KnowsWhatItSealed) {
  std::string text = "before\n{\"n\":1";
  seal_record(text, 7);
  EXPECT_EQ(text, "before\n{\"n\":1,\"c\":\"ff61ec38\"}\n") << "CRC-32 as zlib computes it";
  const std::string line = text.substr(7, text.size() - 8);
  EXPECT_EQ(sealed_content(line), "{\"n\":1");
  for (std::size_t i = 0; i < line.size(); ++i) {
    std::string altered = line;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(sealed_content(altered)) << i;
    EXPECT_FALSE(sealed_content(line.substr(0, i))) << i;
  }
}

}  // namespace
}  // namespace hd
