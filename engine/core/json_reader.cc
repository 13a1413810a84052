#include "engine/core/json_reader.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

#include "engine/core/utf8.h"

namespace hd {
namespace {

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6U));
    put(0x80 | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12U));
    put(0x80 | ((code >> 6U) & 0x3FU));
    put(0x80 | (code & 0x3FU));
  } else {
    put(0xF0 | (code >> 18U));
    put(0x80 | ((code >> 12U) & 0x3FU));
    put(0x80 | ((code >> 6U) & 0x3FU));
    put(0x80 | (code & 0x3FU));
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Recursive descent. The first mistake wins; after it nothing more is read.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  Result<Value> read() {
    Value value;
    skip_space();
    if (read_value(value, 0)) {
      skip_space();
      if (at_ == text_.size()) return value;
      (void)fail("expected nothing more");
    }
    return Error{error_ + " at byte " + std::to_string(at_ + 1)};
  }

 private:
  [[nodiscard]] bool fail(const char* what) {
    error_ = what;
    return false;
  }
  /// The next byte; NUL at the end, which no grammar rule below accepts.
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }

  [[nodiscard]] bool read_value(Value& value, int depth) {
    switch (peek()) {
      case '{':
        return read_map(value, depth);
      case '[':
        return read_list(value, depth);
      case '"': {
        std::string text;
        if (!read_string(text)) return false;
        value = std::move(text);
        return true;
      }
      case 't':
        return read_word("true", true, value);
      case 'f':
        return read_word("false", false, value);
      case 'n':
        return read_word("null", Value(), value);
      default:
        return read_number(value);
    }
  }

  [[nodiscard]] bool read_word(std::string_view word, Value meaning, Value& value) {
    if (text_.substr(at_, word.size()) != word) return fail("expected a value");
    at_ += word.size();
    value = std::move(meaning);
    return true;
  }

  [[nodiscard]] bool read_list(Value& value, int depth) {
    if (depth == kDeepestJson) return fail("lists and maps are nested too deeply");
    ++at_;
    Value::List list;
    skip_space();
    if (!take(']')) {
      do {
        skip_space();
        if (!read_value(list.emplace_back(), depth + 1)) return false;
        skip_space();
      } while (take(','));
      if (!take(']')) return fail("expected a comma or ]");
    }
    value = std::move(list);
    return true;
  }

  [[nodiscard]] bool read_map(Value& value, int depth) {
    if (depth == kDeepestJson) return fail("lists and maps are nested too deeply");
    ++at_;
    Value::Map map;
    skip_space();
    if (!take('}')) {
      do {
        skip_space();
        if (peek() != '"') return fail("expected a name in quotes");
        auto& [name, member] = map.emplace_back();
        if (!read_string(name)) return false;
        skip_space();
        if (!take(':')) return fail("expected a colon");
        skip_space();
        if (!read_value(member, depth + 1)) return false;
        skip_space();
      } while (take(','));
      if (!take('}')) return fail("expected a comma or }");
    }
    value = std::move(map);
    return true;
  }

  [[nodiscard]] bool read_string(std::string& out) {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        if (!read_escape(out)) return false;
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) return fail("a control character in a text");
      const std::size_t length = utf8_length(text_, at_);
      if (length == 0) return fail("invalid UTF-8");
      out += text_.substr(at_, length);
      at_ += length;
    }
    return fail("expected the quote that ends a text");
  }

  [[nodiscard]] bool read_escape(std::string& out) {
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    ++at_;
    const char c = peek();
    if (c == 'u') return read_unicode_escape(out);
    const std::size_t which = c == '\0' ? std::string_view::npos : kEscapes.find(c);
    if (which == std::string_view::npos) return fail("an unknown escape in a text");
    out += kMeanings[which];
    ++at_;
    return true;
  }

  [[nodiscard]] bool read_unicode_escape(std::string& out) {
    unsigned code = 0;
    if (!read_hex(code)) return false;
    if (code >= 0xDC00 && code < 0xE000) return fail("half a surrogate pair");
    if (code >= 0xD800 && code < 0xDC00) {
      unsigned low = 0;
      if (!take('\\') || peek() != 'u') return fail("half a surrogate pair");
      if (!read_hex(low)) return false;
      if (low < 0xDC00 || low >= 0xE000) return fail("half a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    }
    append_utf8(out, code);
    return true;
  }

  /// Four hexadecimal digits behind the `u`.
  [[nodiscard]] bool read_hex(unsigned& code) {
    ++at_;
    const std::string_view digits = text_.substr(at_, 4);
    const auto end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, code, 16);
    if (digits.size() != 4 || result.ptr != end) return fail("expected four hexadecimal digits");
    at_ += 4;
    return true;
  }

  [[nodiscard]] bool skip_digits() {
    if (!is_digit(peek())) return false;
    while (is_digit(peek())) ++at_;
    return true;
  }

  [[nodiscard]] bool read_number(Value& value) {
    const std::size_t start = at_;
    bool is_integer = true;
    (void)take('-');
    if (!take('0') && !skip_digits()) {
      at_ = start;
      return fail("expected a value");
    }
    if (take('.')) {
      is_integer = false;
      if (!skip_digits()) return fail("expected a digit");
    }
    if (peek() == 'e' || peek() == 'E') {
      is_integer = false;
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!skip_digits()) return fail("expected a digit");
    }
    const std::string_view digits = text_.substr(start, at_ - start);
    const char* const end = digits.data() + digits.size();
    std::int64_t integer = 0;
    if (is_integer && std::from_chars(digits.data(), end, integer).ec == std::errc()) {
      value = integer;
      return true;
    }
    double number = 0;
    if (std::from_chars(digits.data(), end, number).ec != std::errc()) {
      // Too small or too large: strtod tells which, and rounds the former to zero or nearly so.
      number = std::strtod(std::string(digits).c_str(), nullptr);
    }
    if (!std::isfinite(number)) {
      at_ = start;
      return fail("a number too large for a double");
    }
    value = number;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string error_;
};

}  // namespace

Result<Value> read_json(std::string_view text) { return JsonReader(text).read(); }

}  // namespace hd
