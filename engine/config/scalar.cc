#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

#include "engine/config/document.h"

namespace hd {
namespace {

constexpr std::size_t kDescribedCharacters = 60;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The number written with `digits` in `base`, underscores ignored; a double beyond 64 bits.
std::optional<Value> integer_of(std::string_view digits, int base, bool negative) {
  std::string plain;
  for (const char c : digits) {
    if (c != '_') plain += c;
  }
  if (plain.empty()) return std::nullopt;
  std::uint64_t magnitude = 0;
  const char* const end = plain.data() + plain.size();
  const auto [stop, error] = std::from_chars(plain.data(), end, magnitude, base);
  if (stop != end) return std::nullopt;
  const auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (error == std::errc() && magnitude <= largest) {
    const auto value = static_cast<std::int64_t>(magnitude);
    return Value(negative ? -value : value);
  }
  double value = 0;
  for (const char c : plain) {
    const int digit = is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value * base + digit;
  }
  return Value(negative ? -value : value);
}

/// YAML 1.1's base 60, as in 1:30.
std::optional<Value> sexagesimal_of(std::string_view text, bool negative) {
  if (text.find(':') == std::string_view::npos || text.size() > 12) return std::nullopt;
  std::int64_t total = 0;
  std::int64_t part = 0;
  int digits = 0;
  bool first = true;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at == text.size() || text[at] == ':') {
      if (digits == 0 || (!first && (digits > 2 || part > 59))) return std::nullopt;
      total = total * 60 + part;
      part = 0;
      digits = 0;
      first = false;
    } else if (is_digit(text[at])) {
      part = part * 10 + (text[at] - '0');
      ++digits;
    } else {
      return std::nullopt;
    }
  }
  return Value(negative ? -total : total);
}

std::optional<Value> resolve_integer(std::string_view text, bool negative) {
  const auto only = [](std::string_view digits, std::string_view allowed) {
    return digits.find_first_not_of(allowed) == std::string_view::npos;
  };
  if (text.substr(0, 2) == "0b") {
    return only(text.substr(2), "01_") ? integer_of(text.substr(2), 2, negative) : std::nullopt;
  }
  if (text.substr(0, 2) == "0x") {
    return only(text.substr(2), "0123456789abcdefABCDEF_")
               ? integer_of(text.substr(2), 16, negative)
               : std::nullopt;
  }
  if (text == "0") return Value(std::int64_t{0});
  if (text[0] == '0') {
    return only(text, "01234567_") ? integer_of(text, 8, negative) : std::nullopt;
  }
  if (!is_digit(text[0])) return std::nullopt;
  if (only(text, "0123456789_")) return integer_of(text, 10, negative);
  return sexagesimal_of(text, negative);
}

std::optional<Value> resolve_double(std::string_view text, bool negative) {
  const double sign = negative ? -1.0 : 1.0;
  if (is_one_of(text, {".inf", ".Inf", ".INF"})) {
    return Value(sign * std::numeric_limits<double>::infinity());
  }
  std::string plain;
  bool mantissa_digits = false;
  bool has_point = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (is_digit(c)) {
      mantissa_digits = true;
    } else if (c == '.' && !has_point) {
      has_point = true;
    } else if (c == '_' && mantissa_digits) {
      continue;
    } else {
      break;
    }
    plain += c;
  }
  if (!mantissa_digits) return std::nullopt;
  bool small = false;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
    std::string_view exponent = text.substr(at + 1);
    small = !exponent.empty() && exponent[0] == '-';
    if (!exponent.empty() && (exponent[0] == '+' || exponent[0] == '-')) exponent.remove_prefix(1);
    if (exponent.empty() || exponent.find_first_not_of("0123456789") != std::string_view::npos) {
      return std::nullopt;
    }
    plain += small ? "e-" : "e";
    plain += exponent;
  } else if (!has_point) {
    return std::nullopt;
  }
  double value = 0;
  const auto [stop, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (error == std::errc::result_out_of_range) {
    value = small ? 0.0 : std::numeric_limits<double>::infinity();
  } else if (error != std::errc() || stop != plain.data() + plain.size()) {
    return std::nullopt;
  }
  return Value(sign * value);
}

void describe_into(const ConfigNode& node, std::string& out) {
  if (out.size() > kDescribedCharacters) return;
  switch (node.kind) {
    case ConfigNode::Kind::kNull:
      out += "nothing";
      return;
    case ConfigNode::Kind::kScalar: {
      const bool quote = node.quoted || node.text.empty();
      if (quote) out += '"';
      for (const char c : node.text.substr(0, kDescribedCharacters + 4)) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7F ? ' ' : c;
      }
      if (quote) out += '"';
      return;
    }
    case ConfigNode::Kind::kList:
      out += '[';
      for (std::size_t i = 0; i < node.items.size() && out.size() <= kDescribedCharacters; ++i) {
        if (i > 0) out += ", ";
        describe_into(node.items[i], out);
      }
      out += ']';
      return;
    case ConfigNode::Kind::kMap:
      out += '{';
      for (std::size_t i = 0; i < node.members.size() && out.size() <= kDescribedCharacters; ++i) {
        if (i > 0) out += ", ";
        out += node.members[i].key.substr(0, kDescribedCharacters) + ": ";
        describe_into(node.members[i].value, out);
      }
      out += '}';
      return;
  }
}

}  // namespace

Value resolve_plain_scalar(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return {};
  if (is_one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) return true;
  if (is_one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})) {
    return false;
  }
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) return std::numeric_limits<double>::quiet_NaN();
  std::string_view number = text;
  const bool negative = number[0] == '-';
  if (negative || number[0] == '+') number.remove_prefix(1);
  if (!number.empty() && (is_digit(number[0]) || number[0] == '.')) {
    if (const std::optional<Value> integer = resolve_integer(number, negative)) return *integer;
    if (const std::optional<Value> real = resolve_double(number, negative)) return *real;
  }
  return std::string(text);
}

Value to_value(const ConfigNode& node) {
  switch (node.kind) {
    case ConfigNode::Kind::kNull:
      break;
    case ConfigNode::Kind::kScalar:
      if (node.quoted) return node.text;
      return resolve_plain_scalar(node.text);
    case ConfigNode::Kind::kList: {
      Value::List list;
      for (const ConfigNode& item : node.items) list.push_back(to_value(item));
      return list;
    }
    case ConfigNode::Kind::kMap: {
      Value::Map map;
      for (const ConfigMember& member : node.members) {
        map.emplace_back(member.key, to_value(member.value));
      }
      return map;
    }
  }
  return {};
}

std::string describe(const ConfigNode& node) {
  std::string out;
  describe_into(node, out);
  if (out.size() <= kDescribedCharacters + 4) return out;
  std::size_t end = kDescribedCharacters;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0U) == 0x80U) --end;
  return out.substr(0, end) + "...";
}

}  // namespace hd
