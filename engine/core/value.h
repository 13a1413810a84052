#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hd {

/// One JSON-like value with its type: what a choice may offer, what a configuration assigns, what a
/// runconfig holds. Integers stay integers. Maps keep the order of their file.
class Value {
 public:
  using List = std::vector<Value>;
  using Map = std::vector<std::pair<std::string, Value>>;

  Value() = default;  // null
  Value(bool b) : data_(b) {}
  Value(int i) : data_(std::int64_t{i}) {}
  Value(std::int64_t i) : data_(i) {}
  Value(double d) : data_(d) {}
  Value(const char* s) : data_(std::string(s)) {}
  Value(std::string s) : data_(std::move(s)) {}
  Value(List list) : data_(std::move(list)) {}
  Value(Map map) : data_(std::move(map)) {}

  [[nodiscard]] bool is_null() const { return data_.index() == 0; }
  [[nodiscard]] bool is_bool() const { return std::holds_alternative<bool>(data_); }
  [[nodiscard]] bool is_integer() const { return std::holds_alternative<std::int64_t>(data_); }
  [[nodiscard]] bool is_double() const { return std::holds_alternative<double>(data_); }
  /// Integer or double, never bool.
  [[nodiscard]] bool is_number() const { return is_integer() || is_double(); }
  [[nodiscard]] bool is_string() const { return std::holds_alternative<std::string>(data_); }
  [[nodiscard]] bool is_list() const { return std::holds_alternative<List>(data_); }
  [[nodiscard]] bool is_map() const { return std::holds_alternative<Map>(data_); }

  /// Each throws std::bad_variant_access when the value has another type.
  [[nodiscard]] bool as_bool() const { return std::get<bool>(data_); }
  [[nodiscard]] std::int64_t as_integer() const { return std::get<std::int64_t>(data_); }
  /// Integers convert.
  [[nodiscard]] double as_number() const {
    return is_integer() ? static_cast<double>(as_integer()) : std::get<double>(data_);
  }
  [[nodiscard]] const std::string& as_string() const { return std::get<std::string>(data_); }
  [[nodiscard]] const List& as_list() const { return std::get<List>(data_); }
  [[nodiscard]] const Map& as_map() const { return std::get<Map>(data_); }

  /// The member of a map, or null pointer when this is no map or lacks the key.
  [[nodiscard]] const Value* find(std::string_view key) const;

  /// Same type and same content: 1 and 1.0 differ, NaN equals NaN.
  friend bool operator==(const Value& a, const Value& b);

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Map> data_;
};

/// Compact JSON. Doubles print shortest round-trip and keep a mark of being one ("1.0"); NaN and
/// infinities are the strings "NaN", "Infinity", "-Infinity".
[[nodiscard]] std::string to_json(const Value& value);

/// The text a script receives as an argument: numbers in plain shortest round-trip form, strings
/// verbatim, booleans as True or False, lists and maps as JSON, null as None.
[[nodiscard]] std::string to_argument(const Value& value);

/// Shortest decimal text that reads back as the same double ("0.1", "1e-06", "nan", "inf").
[[nodiscard]] std::string format_number(double number);

/// Appends `text` as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace hd
