#include "engine/core/value.h"

#include <array>
#include <charconv>
#include <cmath>

#include "engine/core/utf8.h"

namespace hd {

namespace {

bool same_number(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

void append_json(std::string& out, const Value& value) {
  if (value.is_null()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_integer()) {
    out += std::to_string(value.as_integer());
  } else if (value.is_double()) {
    const double number = value.as_number();
    if (std::isnan(number)) {
      out += "\"NaN\"";
    } else if (std::isinf(number)) {
      out += number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    } else {
      const std::string text = format_number(number);
      out += text;
      if (text.find_first_of(".e") == std::string::npos) out += ".0";
    }
  } else if (value.is_string()) {
    append_json_string(out, value.as_string());
  } else if (value.is_list()) {
    out += '[';
    const char* separator = "";
    for (const Value& item : value.as_list()) {
      out += separator;
      append_json(out, item);
      separator = ",";
    }
    out += ']';
  } else {
    out += '{';
    const char* separator = "";
    for (const auto& [key, item] : value.as_map()) {
      out += separator;
      append_json_string(out, key);
      out += ':';
      append_json(out, item);
      separator = ",";
    }
    out += '}';
  }
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  if (!is_map()) return nullptr;
  for (const auto& [name, item] : as_map()) {
    if (name == key) return &item;
  }
  return nullptr;
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_double() && b.is_double()) return same_number(a.as_number(), b.as_number());
  return a.data_ == b.data_;
}

std::string to_json(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string to_argument(const Value& value) {
  if (value.is_null()) return "None";
  if (value.is_bool()) return value.as_bool() ? "True" : "False";
  if (value.is_string()) return value.as_string();
  if (value.is_double()) return format_number(value.as_number());
  return to_json(value);
}

std::string format_number(double number) {
  std::array<char, 32> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return std::string(buffer.data(), result.ptr);
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    std::size_t length = utf8_length(text, 0);
    if (length == 0) {
      out += "\\ufffd";
      length = 1;
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      constexpr std::string_view kHex = "0123456789abcdef";
      const auto code = static_cast<unsigned char>(c);
      out += "\\u00";
      out += kHex[code >> 4U];
      out += kHex[code & 0xFU];
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  out += '"';
}

}  // namespace hd
