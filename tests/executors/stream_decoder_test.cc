#include "executors/supervisor_protocol/stream_decoder.h"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

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

const std::string kStream =
    "{\"n\":1,\"k\":\"started\",\"pid\":123,\"where\":\"host\",\"t\":1}\n"
    "{\"n\":2,\"k\":\"m\",\"p\":[[\"loss\",0.31,4,17],[\"acc\",\"NaN\",null,18]]}\n"
    "{\"n\":4,\"k\":\"m\",\"p\":[[\"note\",{\"json\":[1,\"a\"]},null,19]]}\n"
    "{\"n\":5,\"k\":\"tag\",\"key\":\"a\",\"value\":\"b\",\"property\":false}\n"
    "{\"n\":6,\"k\":\"said\",\"status\":\"completed\",\"message\":\"\"}\n"
    "{\"n\":7,\"k\":\"note\",\"text\":\"something\"}\n"
    "{\"n\":8,\"k\":\"exited\",\"kind\":\"signaled\",\"code\":9,\"message\":\"\",\"log_tail\":"
    "\"t\","
    "\"cpu_seconds\":0.5,\"max_resident_bytes\":4096,\"t\":20}\n";
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
  decoder.feed("garbage\n{\"n\":1}\n{\"n\":1,\"k\":\"m\",\"p\":[[\"a\",0.5,null,1]]}\n\xff\n");
  EXPECT_EQ(listener.told, "note a line of the attempt's \n1 a\n");
}

TEST(StreamDecoder, TellsGaps) {
  Listener listener;
  StreamDecoder decoder(3, 0, listener, 1);
  decoder.feed("{\"n\":5,\"k\":\"m\",\"p\":[[\"a\",0.5,null,1]]}\n");
  EXPECT_NE(listener.told.find("note the stream of the attem"), std::string::npos);
  EXPECT_EQ(decoder.next_sequence(), 6);
}

TEST(StreamDecoder, CountsFactsOfNewerSupervisors) {
  Listener listener;
  StreamDecoder decoder(3, 0, listener, 1);
  decoder.feed("{\"n\":1,\"k\":\"telemetry\",\"x\":1}\n{\"n\":2,\"k\":\"note\",\"text\":\"b\"}\n");
  EXPECT_EQ(listener.told, "note b\n");
}

}  // namespace
}  // namespace hd
