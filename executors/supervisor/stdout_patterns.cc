#include "executors/supervisor/stdout_patterns.h"

#include <array>

#include "executors/supervisor/metric_line.h"
#include "executors/supervisor_protocol/script_text.h"

namespace hd {
namespace {

constexpr std::string_view kOffline = "Attempted to log scalar metric ";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Not strchr: it finds the character NUL in every set.
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || byte >= 0x80;
}
bool starts_word(char c) { return is_letter(c) || c == '_'; }
bool is_word(char c) {
  return starts_word(c) || is_digit(c) || c == '.' || c == '/' || c == '-' || c == '@';
}
// A name may stand behind these; behind anything else what follows is part of a path, an option, a
// URL or an expression.
bool is_separator(char c) { return is_one_of(c, " \t,;|([{<:#>*"); }
bool is_quote(char c) { return c == '\'' || c == '"' || c == '`'; }

// "data/train.csv" and "https://host" are no metrics, "val/loss" is one.
bool looks_like_path(std::string_view word) {
  const std::size_t slash = word.find('/');
  return slash != std::string_view::npos &&
         (word.find('.') != std::string_view::npos || word.find("//") != std::string_view::npos);
}

bool is_level(std::string_view word) {
  static constexpr std::array<std::string_view, 12> kLevels{"DEBUG",
                                                            "INFO",
                                                            "WARNING",
                                                            "WARN",
                                                            "ERROR",
                                                            "CRITICAL",
                                                            "debug",
                                                            "info",
                                                            "warning",
                                                            "warn",
                                                            "error",
                                                            "critical"};
  for (const auto level : kLevels) {
    if (word == level) return true;
  }
  return false;
}

class Scanner {
 public:
  Scanner(std::string_view line, HeardLine& out) : line_(line), out_(out) {}

  void scan() {
    while (at_ < line_.size()) {
      const char c = line_[at_];
      if (is_blank(c)) {
        ++at_;
      } else if (starts_word(c)) {
        word();
      } else if (is_quote(c)) {
        quoted();
      } else {
        forget_words();
        other();
      }
    }
  }

 private:
  [[nodiscard]] char peek(std::size_t position) const {
    return position < line_.size() ? line_[position] : '\0';
  }
  [[nodiscard]] std::size_t after_blanks(std::size_t position) const {
    while (position < line_.size() && is_blank(line_[position])) ++position;
    return position;
  }
  // LightGBM prints "valid_0's auc: 0.9".
  [[nodiscard]] bool is_apostrophe(std::size_t position) const {
    return line_[position] == '\'' && peek(position + 1) == 's' && is_blank(peek(position + 2));
  }
  void forget_words() { words_begin_ = std::string_view::npos; }

  // A word, and what its "=" or ":" gives. Words in front of a colon form the name together.
  void word() {
    const std::size_t begin = at_;
    while (at_ < line_.size() && (is_word(line_[at_]) || is_apostrophe(at_))) ++at_;
    if (peek(at_) == '(' && !take_qualifier()) return call();
    const std::string_view text = line_.substr(begin, at_ - begin);
    if (looks_like_path(text) || text.back() == '.') return forget_words();
    if (words_begin_ == std::string_view::npos && !is_level(text)) words_begin_ = begin;
    const std::size_t sign = after_blanks(at_);
    if (peek(sign) == '=') {
      value(text, sign + 1, sign + 1);
    } else if (peek(sign) == ':') {
      const std::string_view name = words_begin_ == std::string_view::npos
                                        ? text
                                        : line_.substr(words_begin_, at_ - words_begin_);
      value(name, sign + 1, 0);
    } else if (sign == at_ && at_ < line_.size() && !is_separator(line_[at_])) {
      forget_words();
    }
  }

  // The "(B)" of "mAP50(B): 0.6": part of the name when a sign follows.
  bool take_qualifier() {
    constexpr std::size_t kLongestQualifier = 32;
    const std::string_view inside = line_.substr(at_ + 1, kLongestQualifier);
    const std::size_t close = inside.find(')');
    if (close == std::string_view::npos) return false;
    if (inside.substr(0, close).find_first_of("=:,('\"") != std::string_view::npos) return false;
    const std::size_t end = at_ + close + 2;
    const char sign = peek(after_blanks(end));
    if (sign != '=' && sign != ':') return false;
    at_ = end;
    return true;
  }

  // {'loss': 0.3}: what Python prints for a dictionary.
  void quoted() {
    const char quote = line_[at_];
    const std::size_t limit = kLongestName + 2;
    const std::size_t close = line_.substr(at_ + 1, limit).find(quote);
    forget_words();
    if (close == std::string_view::npos) {
      ++at_;
      return;
    }
    const std::string_view name = line_.substr(at_ + 1, close);
    const std::size_t sign = after_blanks(at_ + close + 2);
    if (name.empty() || !starts_word(name.front()) || peek(sign) != ':') {
      ++at_;
      return;
    }
    if (!quoted_value(name, after_blanks(sign + 1))) value(name, sign + 1, sign + 1);
  }

  // {'loss': '0.3'}: the Trainer of transformers prints numbers this way.
  bool quoted_value(std::string_view name, std::size_t begin) {
    constexpr std::size_t kLongestNumber = 40;
    if (!is_quote(peek(begin))) return false;
    const std::size_t length = line_.substr(begin + 1, kLongestNumber).find(line_[begin]);
    if (length == std::string_view::npos) return false;
    const std::string_view digits = line_.substr(begin + 1, length);
    const auto number = whole_number(digits);
    if (!number) return false;
    at_ = begin + length + 2;
    add(name, *number, digits);
    return true;
  }

  // Namespace(lr=0.1), Linear(in_features=3): the text of an object, not a report.
  void call() {
    forget_words();
    int depth = 0;
    for (; at_ < line_.size(); ++at_) {
      if (line_[at_] == '(') ++depth;
      if (line_[at_] == ')' && --depth == 0) {
        ++at_;
        return;
      }
    }
  }

  // A number, an option, a path, a rule of signs: passed over as a whole.
  void other() {
    const char c = line_[at_];
    if (is_separator(c) || c == ')' || c == ']' || c == '}') {
      ++at_;
      return;
    }
    if (c == '-' && (is_blank(peek(at_ + 1)) || at_ + 1 == line_.size())) {
      ++at_;
      return;
    }
    while (at_ < line_.size() && !is_one_of(line_[at_], " \t,;|()[]{}")) ++at_;
  }

  // Reads the value behind a sign. With `close_from` the value may follow the sign at once;
  // otherwise ("host:8080", "12:30") only one with a decimal point, an exponent, nan or inf may.
  void value(std::string_view name, std::size_t begin, std::size_t close_from) {
    forget_words();
    at_ = begin;
    const std::size_t start = after_blanks(begin);
    std::size_t p = start;
    bool wrapped = false;
    for (const std::string_view wrapper : {"tensor(", "np.float64(", "np.float32("}) {
      if (line_.substr(p, wrapper.size()) == wrapper) {
        p += wrapper.size();
        wrapped = true;
        break;
      }
    }
    double number = 0;
    const std::size_t length = read_number(line_.substr(p), number);
    if (length == 0) return;
    const std::string_view digits = line_.substr(p, length);
    if (start == begin && close_from == 0 &&
        digits.find_first_of(".eEnN") == std::string_view::npos) {
      at_ = p;
      return;
    }
    if (!ends_value(p + length, wrapped)) {
      at_ = p;
      return;
    }
    at_ = p + length;
    if (wrapped) {
      while (at_ < line_.size() && line_[at_] != ')') ++at_;
      if (at_ < line_.size()) ++at_;
    }
    if (peek(at_) == '%') ++at_;
    if (is_quote(peek(at_))) ++at_;
    add(name, number, digits);
  }

  [[nodiscard]] bool ends_value(std::size_t position, bool wrapped) const {
    if (position >= line_.size()) return true;
    const char c = line_[position];
    const char next = peek(position + 1);
    if (wrapped) return c == ')' || c == ',';
    if (c == ',') return !is_digit(next);
    // Not "Training: 40%|####": that is a progress bar.
    if (c == '.' || c == '%') return next == '\0' || is_one_of(next, " \t,;)]}");
    return is_one_of(c, " \t;|)]}>");
  }

  void add(std::string_view name, double number, std::string_view digits) {
    name = usable_name(name);
    if (name.empty() || !starts_word(name.front())) return;
    if (name == "step" && digits.find_first_not_of("0123456789") == std::string_view::npos &&
        digits.size() < 19) {
      out_.step = static_cast<std::int64_t>(number);
      return;
    }
    out_.points.push_back({name, number, {}});
  }

  std::string_view line_;
  HeardLine& out_;
  std::size_t at_ = 0;
  std::size_t words_begin_ = std::string_view::npos;  ///< of the words read without a break
};

}  // namespace

bool StdoutPatterns::read_offline_form(std::string_view line, HeardLine& out) {
  if (!offline_name_.empty()) {
    const auto number = whole_number(line);
    const std::string& name = out.storage.emplace_back(std::move(offline_name_));
    offline_name_.clear();
    if (number) {
      out.points.push_back({name, *number, {}});
      return true;
    }
  }
  const std::size_t announced = line.find(kOffline);
  if (announced == std::string_view::npos) return false;
  std::string_view name = line.substr(announced + kOffline.size());
  while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
  if (name.empty() || name.back() != ':') return false;
  offline_name_ = usable_name(name.substr(0, name.size() - 1));
  return true;
}

void StdoutPatterns::read(std::string_view line, HeardLine& out) {
  out.clear();
  if (line.size() > kLongestScriptLine) {
    offline_name_.clear();
    return;
  }
  if (line.find('\x1b') != std::string_view::npos) {
    plain_ = without_escapes(line);
    line = plain_;
  }
  if (own_ != nullptr && own_->read(line, out)) {
    offline_name_.clear();
  } else if (built_in_ && !table_.read(line, out)) {
    search(line, out);
  }
  out.kind = out.points.empty() ? HeardLine::Kind::kNothing : HeardLine::Kind::kMetrics;
}

void StdoutPatterns::search(std::string_view line, HeardLine& out) {
  // Nearly every line of a talkative script ends here.
  if (offline_name_.empty() && line.find_first_of("=:") == std::string_view::npos) return;
  const std::size_t skipped = out.skipped;
  if (read_json_fields(line, out)) {
    offline_name_.clear();
  } else if (!read_offline_form(line, out)) {
    Scanner(line, out).scan();
  }
  out.skipped += skipped;
}

}  // namespace hd
