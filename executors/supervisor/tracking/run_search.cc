#include "executors/supervisor/tracking/run_search.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "executors/supervisor/heard_line.h"
#include "executors/supervisor/tracking/tracking_error.h"

namespace hd {
namespace {

using Key = RunFilter::Key;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return upper(c); });
  return out;
}

/// Takes words, quoted texts and signs from a filter.
class FilterReader {
 public:
  explicit FilterReader(std::string_view text) : text_(text) {}

  bool at_end() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    return at_ == text_.size();
  }
  [[noreturn]] void fail(const std::string& expected) const {
    throw TrackingError(TrackingError::Code::kInvalidParameter,
                        "Invalid filter '" + std::string(text_) + "': expected " + expected +
                            " at character " + std::to_string(at_ + 1));
  }
  bool take(std::string_view word) {
    if (at_end() || upper(text_.substr(at_, word.size())) != word) return false;
    at_ += word.size();
    return true;
  }
  /// A word up to one of these characters or a blank.
  std::string_view word(std::string_view ends) {
    if (at_end()) return {};
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_blank(text_[at_]) &&
           ends.find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }
  [[nodiscard]] char peek() { return at_end() ? '\0' : text_[at_]; }
  std::string quoted() {
    const char quote = peek();
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("the closing quote of a text");
    std::string inner(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return inner;
  }
  Key key() {
    constexpr std::string_view kEnds = "=!<>.`\"'(),";
    std::string first;
    if (peek() == '`' || peek() == '"') {
      first = quoted();
    } else {
      first = word(kEnds);
    }
    if (first.empty()) fail("metrics.NAME, params.NAME, tags.NAME or an attribute");
    if (peek() != '.') return {Key::Kind::kAttribute, first};
    ++at_;
    const std::string name =
        peek() == '`' || peek() == '"' ? quoted() : std::string(word("=!<>`\"'(),"));
    if (name.empty()) fail("a name");
    const std::string kind = upper(first);
    if (kind == "METRICS" || kind == "METRIC") return {Key::Kind::kMetric, name};
    if (kind == "PARAMS" || kind == "PARAM" || kind == "PARAMETERS" || kind == "PARAMETER") {
      return {Key::Kind::kParameter, name};
    }
    if (kind == "TAGS" || kind == "TAG") return {Key::Kind::kTag, name};
    if (kind == "ATTRIBUTES" || kind == "ATTRIBUTE" || kind == "ATTR" || kind == "RUN") {
      return {Key::Kind::kAttribute, name};
    }
    fail("metrics, params, tags or attributes in front of '.'");
  }
  std::string comparison() {
    for (const char* sign : {"!=", ">=", "<=", "=", ">", "<", "NOT IN", "IN", "LIKE", "ILIKE"}) {
      if (take(sign)) return sign;
    }
    fail("a comparison");
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// % stands for any text, _ for one character. Time grows with the product of the lengths at most.
bool is_like(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resumed = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      resumed = t;
    } else if (p < pattern.size() && (pattern[p] == '_' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resumed;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

std::optional<double> number_of(const Key& key, const TrackedRun& run) {
  if (key.kind == Key::Kind::kMetric) {
    const auto found = run.latest.find(key.name);
    if (found == run.latest.end()) return std::nullopt;
    return found->second.value;
  }
  if (key.kind != Key::Kind::kAttribute) return std::nullopt;
  if (key.name == "start_time" || key.name == "created") return static_cast<double>(run.start_ms);
  if (key.name == "end_time" && run.end_ms != 0) return static_cast<double>(run.end_ms);
  return std::nullopt;
}

std::optional<std::string> text_of(const Key& key,
                                   const TrackedRun& run,
                                   const TrackedIdentity& identity) {
  const auto find = [&](const std::map<std::string, std::string>& texts) {
    const auto found = texts.find(key.name);
    return found == texts.end() ? std::nullopt : std::optional(found->second);
  };
  switch (key.kind) {
    case Key::Kind::kMetric:
      return std::nullopt;
    case Key::Kind::kParameter:
      return find(run.parameters);
    case Key::Kind::kTag:
      return find(run.tags);
    case Key::Kind::kAttribute:
      break;
  }
  if (key.name == "run_id") return run.id;
  if (key.name == "run_name" || key.name == "Run name") return run.name;
  if (key.name == "status") return run.status;
  if (key.name == "experiment_id") return identity.experiment_id;
  return std::nullopt;
}

bool compares(double a, const std::string& comparison, double b) {
  if (comparison == "=") return a == b;
  if (comparison == "!=") return a != b;
  if (comparison == ">") return a > b;
  if (comparison == ">=") return a >= b;
  if (comparison == "<") return a < b;
  return comparison == "<=" && a <= b;
}

}  // namespace

RunFilter::RunFilter(std::string_view text) {
  FilterReader reader(text);
  while (!reader.at_end()) {
    Term term;
    term.key = reader.key();
    term.comparison = reader.comparison();
    if (term.comparison == "IN" || term.comparison == "NOT IN") {
      if (!reader.take("(")) reader.fail("a list in parentheses");
      do {
        if (reader.peek() != '\'' && reader.peek() != '"') reader.fail("a text in quotes");
        term.texts.push_back(reader.quoted());
      } while (reader.take(","));
      if (!reader.take(")")) reader.fail("the end of the list");
    } else if (reader.peek() == '\'' || reader.peek() == '"') {
      term.texts.push_back(reader.quoted());
    } else {
      const auto number = whole_number(reader.word(""));
      if (!number) reader.fail("a number or a text in quotes");
      term.number = *number;
      term.is_number = true;
    }
    terms_.push_back(std::move(term));
    if (!reader.at_end() && !reader.take("AND")) reader.fail("AND");
  }
}

bool RunFilter::accepts(const TrackedRun& run, const TrackedIdentity& identity) const {
  return std::all_of(
      terms_.begin(), terms_.end(), [&](const Term& term) { return holds(term, run, identity); });
}

bool RunFilter::holds(const Term& term, const TrackedRun& run, const TrackedIdentity& identity) {
  if (term.is_number) {
    const auto value = number_of(term.key, run);
    return value && compares(*value, term.comparison, term.number);
  }
  const auto value = text_of(term.key, run, identity);
  if (!value) return false;
  const std::string& wanted = term.texts.front();
  if (term.comparison == "=") return *value == wanted;
  if (term.comparison == "!=") return *value != wanted;
  if (term.comparison == "LIKE") return is_like(*value, wanted);
  if (term.comparison == "ILIKE") return is_like(upper(*value), upper(wanted));
  const bool listed = std::find(term.texts.begin(), term.texts.end(), *value) != term.texts.end();
  if (term.comparison == "IN") return listed;
  return term.comparison == "NOT IN" && !listed;
}

void sort_runs(std::vector<const TrackedRun*>& runs,
               const std::vector<std::string>& order_by,
               const TrackedIdentity& identity) {
  std::stable_sort(runs.begin(), runs.end(), [](const TrackedRun* a, const TrackedRun* b) {
    return a->start_ms != b->start_ms ? a->start_ms > b->start_ms : a->id < b->id;
  });
  for (auto order = order_by.rbegin(); order != order_by.rend(); ++order) {
    FilterReader reader(*order);
    const Key key = reader.key();
    const bool falls = reader.take("DESC");
    if (!falls) static_cast<void>(reader.take("ASC"));
    if (!reader.at_end()) reader.fail("ASC or DESC");
    std::stable_sort(runs.begin(), runs.end(), [&](const TrackedRun* a, const TrackedRun* b) {
      const auto x = number_of(key, *a);
      const auto y = number_of(key, *b);
      if (x || y) {
        const bool has_x = x && !std::isnan(*x);
        const bool has_y = y && !std::isnan(*y);
        if (!has_x || !has_y) return has_x && !has_y;
        return falls ? *x > *y : *x < *y;
      }
      const auto s = text_of(key, *a, identity);
      const auto t = text_of(key, *b, identity);
      if (!s || !t) return s.has_value() && !t.has_value();
      return falls ? *s > *t : *s < *t;
    });
  }
}

}  // namespace hd
