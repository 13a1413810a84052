#include "executors/supervisor_protocol/read_number.h"

#include <charconv>
#include <limits>

namespace hd {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool starts_with_word(std::string_view text, std::string_view lower_word) {
  if (text.size() < lower_word.size()) return false;
  for (std::size_t i = 0; i < lower_word.size(); ++i) {
    if (lower(text[i]) != lower_word[i]) return false;
  }
  return true;
}

// from_chars reports both too large and too small numbers as out of range and says no more.
bool is_tiny(std::string_view digits) {
  const std::size_t exponent = digits.find_first_of("eE");
  if (exponent != std::string_view::npos && exponent + 1 < digits.size()) {
    return digits[exponent + 1] == '-';
  }
  return digits.front() == '.' || digits.front() == '0';
}

}  // namespace

std::size_t read_number(std::string_view text, double& number) {
  std::size_t position = 0;
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    position = 1;
  }
  const std::string_view body = text.substr(position);
  const double sign = negative ? -1.0 : 1.0;
  if (body.empty()) return 0;
  if (is_digit(body[0]) || (body[0] == '.' && body.size() > 1 && is_digit(body[1]))) {
    const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), number);
    const auto length = static_cast<std::size_t>(end - body.data());
    if (error == std::errc::result_out_of_range) {
      number = is_tiny(body.substr(0, length)) ? 0.0 : std::numeric_limits<double>::infinity();
    } else if (error != std::errc{}) {
      return 0;
    }
    number *= sign;
    return position + length;
  }
  if (starts_with_word(body, "nan")) {
    number = std::numeric_limits<double>::quiet_NaN();
    return position + 3;
  }
  if (starts_with_word(body, "inf")) {
    number = sign * std::numeric_limits<double>::infinity();
    return position + (starts_with_word(body, "infinity") ? 8 : 3);
  }
  return 0;
}

std::optional<double> whole_number(std::string_view text) {
  text = trimmed(text);
  double number = 0;
  const std::size_t length = read_number(text, number);
  if (length == 0 || length != text.size()) return std::nullopt;
  return number;
}

}  // namespace hd
