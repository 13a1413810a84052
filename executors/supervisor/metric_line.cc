#include "executors/supervisor/metric_line.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "engine/core/utf8.h"
#include "executors/supervisor_protocol/json_depth.h"

namespace hd {
namespace {

using Json = nlohmann::json;
constexpr int kDeepest = 64;  ///< nested lists and objects in one line

std::optional<std::int64_t> seconds_to_us(double seconds) {
  // Beyond the year 30000 it is no time of a metric; the bound keeps the conversion defined.
  if (!(std::fabs(seconds) < 1e12)) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(seconds * 1e6));
}

// The usual line, {"t":"m","m":{"loss":0.3},"s":4,"ts":1760000000.125} with nothing escaped, is
// read in one pass without building a document: the native channel is made for tens of thousands of
// points a second. Whatever this reader does not expect, the general one below judges.
class FastReader {
 public:
  FastReader(std::string_view line, HeardLine& out)
      : at_(line.data()), end_(line.data() + line.size()), out_(out) {}

  bool read() {
    bool is_metrics = false;
    if (!take('{')) return false;
    do {
      std::string_view key;
      if (!plain_string(key) || !take(':')) return false;
      if (key == "t") {
        std::string_view kind;
        if (!plain_string(kind) || kind != "m") return false;
        is_metrics = true;
      } else if (key == "m") {
        if (!metrics()) return false;
      } else if (key == "s") {
        std::int64_t step = 0;
        if (!number(step)) return false;
        out_.step = step;
      } else if (key == "ts") {
        double seconds = 0;
        if (!json_number(seconds)) return false;
        out_.time_us = seconds_to_us(seconds);
      } else {
        return false;
      }
    } while (take(','));
    if (!take('}')) return false;
    skip_blanks();
    if (at_ != end_ || !is_metrics || out_.points.empty()) return false;
    out_.kind = HeardLine::Kind::kMetrics;
    return true;
  }

 private:
  void skip_blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t')) ++at_;
  }
  bool take(char c) {
    skip_blanks();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool plain_string(std::string_view& out) {
    if (!take('"')) return false;
    const char* begin = at_;
    for (; at_ != end_ && *at_ != '"'; ++at_) {
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte == '\\' || byte < 0x20 || byte >= 0x7F) return false;
    }
    if (at_ == end_) return false;
    out = {begin, static_cast<std::size_t>(at_ - begin)};
    ++at_;
    return true;
  }
  template <typename Number>
  bool number(Number& out) {
    const auto [next, error] = std::from_chars(at_, end_, out);
    if (error != std::errc{} || (next != end_ && *next != ',' && *next != '}' && *next != ' ')) {
      return false;
    }
    at_ = next;
    return true;
  }
  // JSON's numbers start with a digit or a minus; from_chars also takes "inf" and ".5".
  bool json_number(double& out) {
    skip_blanks();
    if (at_ == end_ || (*at_ != '-' && (*at_ < '0' || *at_ > '9'))) return false;
    if (*at_ == '-' && (at_ + 1 == end_ || at_[1] < '0' || at_[1] > '9')) return false;
    return number(out);
  }
  bool metrics() {
    if (!out_.points.empty() || !take('{')) return false;
    do {
      HeardPoint point;
      if (!plain_string(point.name) || !take(':')) return false;
      // A duplicate key needs the general reader's "last one wins"; few names make this cheap.
      if (out_.points.size() > 16) return false;
      for (const auto& other : out_.points) {
        if (other.name == point.name) return false;
      }
      point.name = usable_name(point.name);
      if (point.name.empty()) return false;
      skip_blanks();
      if (at_ != end_ && *at_ == '"') {
        std::string_view text;
        if (!plain_string(text)) return false;
        const auto value = whole_number(text);
        if (!value) return false;
        point.value = *value;
      } else if (!json_number(point.value)) {
        return false;
      }
      out_.points.push_back(point);
    } while (take(','));
    return take('}');
  }

  const char* at_;
  const char* end_;
  HeardLine& out_;
};

// Replaces what JSON has no words for but programs print all the same: NaN, Infinity, -Infinity
// outside strings become strings, as Python's json module writes them bare; and so do numbers
// beyond the range of a double, which the parser refuses.
std::string with_quoted_specials(std::string_view line) {
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size();) {
    const char c = line[i];
    if (in_string) {
      out += c;
      if (c == '\\' && i + 1 < line.size()) {
        out += line[++i];
      } else if (c == '"') {
        in_string = false;
      }
      ++i;
      continue;
    }
    bool replaced = false;
    for (const std::string_view word : {"NaN", "-Infinity", "Infinity"}) {
      if (line.substr(i, word.size()) == word) {
        out += '"';
        out += word;
        out += '"';
        i += word.size();
        replaced = true;
        break;
      }
    }
    if (replaced) continue;
    double number = 0;
    const std::size_t digits =
        c == '-' || (c >= '0' && c <= '9') ? read_number(line.substr(i), number) : 0;
    if (digits > 0) {
      if (std::isinf(number)) {
        out += number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
      } else {
        out += line.substr(i, digits);
      }
      i += digits;
      continue;
    }
    in_string = c == '"';
    out += c;
    ++i;
  }
  return out;
}

Json parse_object(std::string_view line) {
  Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) {
    json = Json::parse(with_quoted_specials(to_valid_utf8(line)), nullptr, false);
  }
  return json;
}

class GeneralReader {
 public:
  explicit GeneralReader(HeardLine& out) : out_(out) {}

  void read(const Json& json) {
    const auto type = json.find("t");
    if (type == json.end() || !type->is_string())
      return malformed("it has no \"t\" naming its kind");
    const auto& kind = type->get_ref<const std::string&>();
    if (!read_step_and_time(json)) return malformed("its step \"s\" is beyond 64 bits");
    if (kind == "m") {
      const auto values = json.find("m");
      if (values == json.end() || !values->is_object()) return malformed("\"m\" is not an object");
      out_.kind = HeardLine::Kind::kMetrics;
      for (const auto& [name, value] : values->items()) add_value(name, value);
    } else if (kind == "row" || kind == "list" || kind == "text") {
      read_other_value(json, kind == "row" ? "c" : "v");
    } else if (kind == "tag" || kind == "prop") {
      read_tag(json, kind == "prop");
    } else if (kind == "end") {
      read_end(json);
    } else if (kind == "p") {
      const auto values = json.find("p");
      if (values == json.end() || !values->is_object()) return malformed("\"p\" is not an object");
      out_.kind = HeardLine::Kind::kParameters;
      for (const auto& [name, value] : values->items()) add_text(name, value);
    }
    // Other kinds are of newer clients, or need nothing from us: hello, file, prog.
  }

  void add_value(const std::string& name, const Json& value) {
    if (value.is_number()) {
      add(name, value.get<double>());
    } else if (value.is_boolean()) {
      add(name, value.get<bool>() ? 1.0 : 0.0);
    } else if (value.is_string() && whole_number(value.get_ref<const std::string&>())) {
      add(name, *whole_number(value.get_ref<const std::string&>()));
    } else if (value.is_null()) {
      ++out_.skipped;
    } else {
      add_text(name, value);
    }
  }

 private:
  void malformed(const char* problem) {
    out_.points.clear();
    out_.kind = HeardLine::Kind::kMalformed;
    out_.problem = problem;
  }
  std::string_view keep(std::string text) { return out_.storage.emplace_back(std::move(text)); }

  bool read_step_and_time(const Json& json) {
    if (const auto time = json.find("ts"); time != json.end() && time->is_number()) {
      out_.time_us = seconds_to_us(time->get<double>());
    }
    const auto step = json.find("s");
    if (step == json.end() || !step->is_number()) return true;
    if (step->is_number_unsigned() &&
        step->get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
      return false;
    }
    if (step->is_number_integer()) {
      out_.step = step->get<std::int64_t>();
      return true;
    }
    const auto number = step->get<double>();
    if (!(std::fabs(number) < 9.2e18)) return false;
    if (number == std::floor(number)) out_.step = static_cast<std::int64_t>(number);
    return true;
  }

  void add(const std::string& name, double value) {
    const std::string_view usable = usable_name(keep(name));
    if (usable.empty()) {
      ++out_.skipped;
      return;
    }
    out_.points.push_back({usable, value, {}});
  }
  void add_text(const std::string& name, const Json& value) {
    add(name, std::numeric_limits<double>::quiet_NaN());
    if (!out_.points.empty()) {
      out_.points.back().json = keep(value.dump(-1, ' ', false, Json::error_handler_t::replace));
    }
  }
  void read_other_value(const Json& json, const char* member) {
    const auto name = json.find("n");
    const auto value = json.find(member);
    if (name == json.end() || !name->is_string() || value == json.end()) {
      return malformed("it needs a name \"n\" and a value");
    }
    if (usable_name(name->get_ref<const std::string&>()).empty()) {
      return malformed("its name is empty, longer than 250 bytes or has control characters");
    }
    out_.kind = HeardLine::Kind::kMetrics;
    add_text(name->get<std::string>(), *value);
  }
  void read_tag(const Json& json, bool property) {
    const auto key = json.find("k");
    if (key == json.end() || !key->is_string() ||
        usable_name(key->get_ref<const std::string&>()).empty()) {
      return malformed("its key \"k\" is empty, longer than 250 bytes or has control characters");
    }
    out_.kind = property ? HeardLine::Kind::kProperty : HeardLine::Kind::kTag;
    out_.key = usable_name(key->get_ref<const std::string&>());
    const auto value = json.find("v");
    if (value == json.end() || value->is_null()) {
      if (property) malformed("a property needs a value \"v\"");
      return;
    }
    out_.value = text_of(*value);
  }
  void read_end(const Json& json) {
    const auto status = json.find("status");
    if (status == json.end() || (*status != "completed" && *status != "failed")) {
      return malformed("\"status\" is neither \"completed\" nor \"failed\"");
    }
    out_.kind = HeardLine::Kind::kSaid;
    out_.key = status->get<std::string>();
    const auto error = json.find("error");
    out_.value = error == json.end() || error->is_null() ? std::string() : text_of(*error);
  }
  static std::string text_of(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  HeardLine& out_;
};

std::string_view without_blanks(std::string_view line) {
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  return line;
}

}  // namespace

void read_metric_line(std::string_view line, HeardLine& out) {
  out.clear();
  line = without_blanks(line);
  if (line.empty()) return;
  if (line.front() != '{') {
    out.kind = HeardLine::Kind::kPlainText;
    return;
  }
  if (FastReader(line, out).read()) return;
  out.clear();
  if (is_nested_deeper(line, kDeepest)) {
    out.kind = HeardLine::Kind::kMalformed;
    out.problem = "it is nested deeper than 64 levels";
    return;
  }
  const Json json = parse_object(line);
  if (!json.is_object()) {
    out.kind = HeardLine::Kind::kPlainText;
    return;
  }
  GeneralReader(out).read(json);
}

bool read_json_fields(std::string_view line, HeardLine& out) {
  out.clear();
  line = without_blanks(line);
  if (line.size() < 2 || line.front() != '{' || line.back() != '}' ||
      is_nested_deeper(line, kDeepest))
    return false;
  const Json json = parse_object(line);
  if (!json.is_object()) return false;
  GeneralReader reader(out);
  for (const auto& [name, value] : json.items()) {
    if (name == "step" && value.is_number_integer()) {
      out.step = value.get<std::int64_t>();
    } else if (name == "timestamp" || name == "ts" || name == "pid") {
      continue;  // what log formatters add to every line
    } else if (value.is_number() ||
               (value.is_string() && whole_number(value.get_ref<const std::string&>()))) {
      reader.add_value(name, value);
    }
  }
  out.kind = out.points.empty() ? HeardLine::Kind::kNothing : HeardLine::Kind::kMetrics;
  return true;
}

}  // namespace hd
