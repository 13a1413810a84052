#include "tests/store/random_history.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <stdlib.h>
#include <utility>

#include "engine/store/event_codec.h"
#include "engine/store/spec_codec.h"

namespace hd::testing {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "hdrive-store-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

RandomHistory::RandomHistory(std::uint64_t seed) : rng_(seed, RngPurpose::kTest, 0) {}

int RandomHistory::below(int bound) {
  return static_cast<int>(rng_.next_below(static_cast<std::uint64_t>(bound)));
}

int RandomHistory::child() { return children_ == 0 ? -1 : below(children_); }

double RandomHistory::number() {
  switch (below(10)) {
    case 0:
      return std::numeric_limits<double>::quiet_NaN();
    case 1:
      return std::numeric_limits<double>::infinity();
    case 2:
      return -std::numeric_limits<double>::infinity();
    case 3:
      return below(5);
    case 4:
      return std::numeric_limits<double>::denorm_min();
    case 5:
      return -1e308;
    case 6: {
      const double any = std::bit_cast<double>(rng_.next_u64());
      return std::isnan(any) ? 0.1 : any;
    }
    default:
      return rng_.next_unit();
  }
}

std::string RandomHistory::text() {
  switch (below(7)) {
    case 0:
      return "";
    case 1:
      return "plain words";
    case 2:
      return "quotes \" ' and \\ back\nlines\t\x01 control";
    case 3:
      return "\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x8C\xB3";
    case 4:
      return std::string(1500, 'x');
    case 5:
      return std::string("nul \0 inside", 12);
    default:
      return std::to_string(rng_.next_u64());
  }
}

Value RandomHistory::value(int depth) {
  switch (below(depth > 0 ? 8 : 6)) {
    case 0:
      return {};
    case 1:
      return below(2) == 0;
    case 2:
      return std::bit_cast<std::int64_t>(rng_.next_u64());
    case 3:
      return number();
    case 4:
      return 1.0;
    case 5:
      return text();
    case 6: {
      Value::List list;
      for (int i = below(4); i > 0; --i) list.push_back(value(depth - 1));
      return list;
    }
    default: {
      Value::Map map;
      if (below(2) == 0) map.emplace_back("$double", value(depth - 1));
      for (int i = below(3); i > 0; --i) {
        map.emplace_back("key" + std::to_string(i), value(depth - 1));
      }
      return map;
    }
  }
}

ExitStatus RandomHistory::exit() {
  ExitStatus exit;
  exit.kind = static_cast<ExitStatus::Kind>(below(5));
  exit.code = below(256);
  exit.message = text();
  exit.log_tail = text();
  exit.cpu_seconds = rng_.next_unit() * 100;
  exit.max_resident_bytes = below(1 << 30);
  exit.time_us = time_us_;
  return exit;
}

// One case per alternative of EventBody, in its order.
EventBody RandomHistory::body(std::size_t kind) {
  const auto cause = [&] { return static_cast<CancelCause>(1 + below(5)); };
  switch (kind) {
    case 0:
      return EngineStarted{1 + below(9), text(), below(1 << 30), below(1 << 30), below(99999)};
    case 1:
      return AskIssued{below(100), children_, 1 + below(10)};
    case 2: {
      AskAnswered answer;
      answer.ask = below(100);
      // Also some that give children which exist other configurations.
      const int first = children_ - below(std::min(children_, 3) + 1);
      if (first < children_ || below(2) == 0) answer.first_child = first;
      const int count = 1 + below(3);
      children_ = std::max(children_, first + count);
      for (int i = 0; i < count; ++i) {
        Configuration configuration;
        for (int j = below(4); j > 0; --j) {
          configuration.set("--p" + std::to_string(j), value(2));
        }
        answer.configurations.push_back(std::move(configuration));
        answer.reasons.push_back(text());
      }
      answer.exhausted = below(2) == 0;
      answer.notes = text();
      answer.warning = text();
      return answer;
    }
    case 3:
      return ChildStarting{child(), below(3)};
    case 4:
      return ChildStarted{child(), below(3), text(), below(99999)};
    case 5: {
      MetricReported reported{child(), below(2), {}};
      reported.point.sequence = ++sequence_;
      reported.point.name = below(2) == 0 ? "loss" : "metric " + text();
      reported.point.value = number();
      if (below(5) == 0) {
        reported.point.text = "[1,2]";
        reported.point.value = std::numeric_limits<double>::quiet_NaN();
      }
      if (below(2) == 0) reported.point.step = std::bit_cast<std::int64_t>(rng_.next_u64());
      reported.point.time_us = time_us_ - 5;
      return reported;
    }
    case 6:
      return PolicyJudged{child(),
                          {static_cast<PolicyVerdict::Outcome>(below(3)),
                           below(1000),
                           number(),
                           number(),
                           below(100)}};
    case 7:
      return CancelRequested{child(), cause(), text()};
    case 8:
      return ChildEnded{child(), below(3), exit()};
    case 9:
      return ParentCancelRequested{cause(), text()};
    case 10:
      return ChildCancelRequested{child(), text()};
    case 11:
      return PauseRequested{};
    case 12:
      return UnpauseRequested{};
    case 13:
      return ParentEnded{static_cast<RunStatus>(below(13)), text(), child()};
    case 14:
      return Noted{below(2) == 0 ? -1 : child(), text(), below(100)};
    case 15:
      return TagSet{
          below(2) == 0 ? -1 : child(), text(), text(), below(3) == 0, below(3) == 0, below(100)};
    case 16:
      return ScriptSaid{child(), text(), text(), below(100)};
    case 17:
      return RetryDue{child()};
    default:
      throw std::logic_error("a kind of event has no generator here");
  }
}

std::vector<Event> RandomHistory::next(std::size_t count) {
  const std::size_t policy_judged = EventBody(PolicyJudged{}).index();
  std::vector<Event> events;
  events.reserve(count);
  while (events.size() < count) {
    const std::size_t kind =
        children_ == 0 ? 2 : static_cast<std::size_t>(below(static_cast<int>(kinds())));
    EventBody one = body(kind);
    time_us_ += below(1000);
    const auto* reported = std::get_if<MetricReported>(&one);
    const int judged_child = reported != nullptr && below(3) > 0 ? reported->child : -1;
    events.push_back({++number_, time_us_, std::move(one)});
    if (judged_child < 0 || events.size() == count) continue;
    // What an engine writes: the verdict that a point led to, at the time of the point.
    auto judged = std::get<PolicyJudged>(body(policy_judged));
    judged.child = judged_child;
    events.push_back({++number_, time_us_, judged});
  }
  return events;
}

ParentRunSpec sample_spec(const std::string& run_id, RunKind kind) {
  ParentRunSpec spec;
  spec.run_id = run_id;
  spec.kind = kind;
  spec.experiment = "digits";
  spec.hdconfig_file = "hdconfig.yml";
  spec.hdconfig_text = "sampling:\n  type: random\n";
  spec.seed = 18'446'744'073'709'551'615U;
  spec.script.script = "train.py";
  spec.script.arguments = {"--epochs", "5", ""};
  spec.script.interpreter = "/usr/bin/python3";
  spec.script.environment = {{"B", "2"}, {"A", "one two"}};
  spec.script.max_run_duration_seconds = 90;
  spec.source_directory = "/home/somebody/project";
  spec.snapshot_id = std::string(64, 'a');
  spec.properties = {{"azureml.git.branch", "main"}};
  spec.tags = {{"owner", "somebody"}};
  spec.keep_going = true;
  spec.grace_seconds = 7;
  return spec;
}

bool same(const Event& a, const Event& b) {
  return a.number == b.number && a.time_us == b.time_us && a.body.index() == b.body.index() &&
         encode_event(a.body) == encode_event(b.body);
}

std::string difference(const std::vector<Event>& a, const std::vector<Event>& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (same(a[i], b[i])) continue;
    return "event " + std::to_string(a[i].number) + " at " + std::to_string(a[i].time_us) + ": " +
           std::string(event_name(a[i].body)) + ' ' + encode_event(a[i].body) + " against " +
           std::to_string(b[i].number) + " at " + std::to_string(b[i].time_us) + ": " +
           std::string(event_name(b[i].body)) + ' ' + encode_event(b[i].body);
  }
  if (a.size() == b.size()) return "";
  return std::to_string(a.size()) + " events against " + std::to_string(b.size());
}

std::vector<Event> replayed(const RunStore& store, const std::string& run_id) {
  std::vector<Event> events;
  store.replay(run_id, [&](const Event& event) { events.push_back(event); });
  return events;
}

std::string described(const RunStore& store, const std::string& run_id) {
  std::ostringstream out;
  const auto spec = store.spec(run_id);
  out << (spec ? encode_spec(*spec) : "no spec") << '\n';
  store.replay(run_id, [&](const Event& event) {
    out << event.number << ' ' << event.time_us << ' ' << event_name(event.body) << ' '
        << encode_event(event.body) << '\n';
  });
  for (const RunSummary& run : store.runs({.parent_run_id = run_id, .last = 0})) {
    out << run.run_id << ' ' << status_name(run.status) << ' ' << run.hyperparameters << ' '
        << (run.best_primary_metric ? format_number(*run.best_primary_metric) : "none") << '\n';
  }
  return out.str();
}

}  // namespace hd::testing
