// Everything that reads what a script or a supervisor wrote: native lines, printed lines, the
// cutting into lines, and the stream.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/core/executor.h"
#include "engine/core/utf8.h"
#include "executors/supervisor/line_splitter.h"
#include "executors/supervisor/metric_line.h"
#include "executors/supervisor/stdout_patterns.h"
#include "executors/supervisor_protocol/attempt_spec.h"
#include "executors/supervisor_protocol/stream_decoder.h"
#include "tests/executors/sealed.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

class CheckingListener : public hd::ExecutorListener {
 public:
  void on_started(int, int, std::string where, std::int64_t) override { touch(where); }
  void on_metrics(int, int, std::vector<hd::MetricPoint> points) override {
    require(!points.empty());
    for (const auto& point : points) {
      require(point.sequence > last_);
      last_ = point.sequence;
      touch(point.name + point.text);
    }
  }
  void on_tag(int, int, hd::TagSet tag) override { touch(tag.key + tag.value); }
  void on_script_said(int, int, hd::ScriptSaid said) override { touch(said.status + said.message); }
  void on_note(int, int, hd::Noted note) override { require(!hd::find_invalid_utf8(note.text)); }
  void on_ended(int, int, hd::ExitStatus) override { std::abort(); }

 private:
  static void touch(const std::string& text) { require(!hd::find_invalid_utf8(text)); }
  std::int64_t last_ = 0;
};

void check(const hd::HeardLine& line) {
  for (const auto& point : line.points) {
    require(!point.name.empty() && point.name.size() <= hd::kLongestName);
    require(point.json.find('\n') == std::string_view::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  hd::HeardLine heard;
  static hd::OwnPatterns own({{R"((?P<name>\w+)\s*[=:]?\s*(?P<value>\S+)(.*(?P<step>\d))?)", ""},
                              {R"((a|b|\W)*(\d+))", "x"}});
  hd::StdoutPatterns patterns(&own);
  hd::LineSplitter splitter;
  const auto take = [&](std::string_view line) {
    require(line.find('\n') == std::string_view::npos && line.size() <= hd::kLongestScriptLine);
    hd::read_metric_line(line, heard);
    check(heard);
    patterns.read(line, heard);
    check(heard);
  };
  // Cut at places that the input chooses: the pieces must not matter for memory safety.
  std::size_t position = 0;
  while (position < size) {
    const std::size_t length = std::min<std::size_t>(size - position, 1 + data[position] % 61U);
    splitter.feed(input.substr(position, length), take);
    position += length;
  }
  splitter.end(take);

  // Without the right checksum no input would get past the first step.
  const std::string stream = hd::testing::sealed(input);
  CheckingListener whole;
  hd::StreamDecoder decoder(1, 0, whole, 1);
  decoder.feed(stream);
  CheckingListener cut;
  hd::StreamDecoder pieces(1, 0, cut, 1);
  for (std::size_t i = 0; i < stream.size(); i += 7) pieces.feed(stream.substr(i, 7));
  require(decoder.next_sequence() == pieces.next_sequence());
  require(decoder.exit().has_value() == pieces.exit().has_value());

  static_cast<void>(hd::decode_attempt_spec(input));
  return 0;
}
