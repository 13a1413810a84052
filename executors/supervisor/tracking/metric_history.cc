#include "executors/supervisor/tracking/metric_history.h"

#include <string>
#include <utility>

#include "executors/supervisor_protocol/stream_decoder.h"

namespace hd {
namespace {

constexpr std::size_t kPageBytes = std::size_t{2} << 20;

/// Keeps the points of one name.
class Collector : public ExecutorListener {
 public:
  Collector(std::string_view name, std::vector<TrackedMetric>& points)
      : name_(name), points_(points) {}

  void on_metrics(int, int, std::vector<MetricPoint> points) override {
    for (const MetricPoint& point : points) {
      if (point.name != name_ || !point.text.empty()) continue;
      points_.push_back({point.value, point.time_us / 1000, point.step.value_or(0)});
    }
  }
  void on_started(int, int, std::string, std::int64_t) override {}
  void on_tag(int, int, TagSet) override {}
  void on_script_said(int, int, ScriptSaid) override {}
  void on_note(int, int, Noted) override {}
  void on_ended(int, int, ExitStatus) override {}

 private:
  std::string_view name_;
  std::vector<TrackedMetric>& points_;
};

}  // namespace

MetricPage MetricHistory::read(std::string_view name, std::int64_t offset) const {
  MetricPage page;
  log_.flush();
  if (offset < 0 || offset >= log_.end_offset()) return page;
  std::string bytes(kPageBytes, '\0');
  bytes.resize(log_.read(offset, bytes.data(), bytes.size()));
  const std::size_t end = bytes.rfind('\n');
  if (end == std::string::npos) return page;
  bytes.resize(end + 1);
  Collector collector(name, page.points);
  StreamDecoder decoder(0, 0, collector, 1);
  decoder.feed(bytes);
  const std::int64_t next = offset + static_cast<std::int64_t>(bytes.size());
  if (next < log_.end_offset()) page.next = next;
  return page;
}

}  // namespace hd
