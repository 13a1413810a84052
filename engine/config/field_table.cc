#include "engine/config/field_table.h"

#include <algorithm>
#include <cmath>

#include "engine/core/value.h"

namespace hd {
namespace {

std::string join_path(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : std::string(parent) + "." + std::string(name);
}

/// More keys than any configuration map has; beyond it even naming the unknown ones takes too long.
constexpr std::size_t kMostKeys = 1000;

std::string_view parent_of(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

std::string_view last_of(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

bool in_range(const Field& field, double number) {
  if (!std::isfinite(number)) return false;
  if (field.min && (field.above_min ? number <= *field.min : number < *field.min)) return false;
  return !field.max || number <= *field.max;
}

bool is_option(const Field& field, std::string_view text) {
  const std::string folded = fold_name(text);
  const auto same = [&](std::string_view option) { return fold_name(option) == folded; };
  return std::any_of(field.options.begin(), field.options.end(), same) ||
         std::any_of(field.spellings.begin(), field.spellings.end(), same);
}

class Checker {
 public:
  Checker(const FieldTable& table, Findings& findings) : table_(table), findings_(findings) {}

  void check_map(const ConfigNode& map, const std::string& path, const std::string& shown) {
    if (map.members.size() > kMostKeys) {
      throw ConfigError({{Diagnostic::Severity::kError,
                          findings_.file(),
                          map.mark.line,
                          map.mark.column,
                          shown,
                          "has " + std::to_string(map.members.size()) + " keys, and at most " +
                              std::to_string(kMostKeys) + " are read"}});
    }
    std::vector<const Field*> seen;
    for (const ConfigMember& member : map.members) {
      const std::string shown_key = join_path(shown, member.key.substr(0, 80));
      const Field* const field = table_.match(path, member.key);
      if (field == nullptr) {
        findings_.warn_or_error(member.mark,
                                shown_key,
                                "this key is not known and is ignored" +
                                    did_you_mean(member.key, table_.children(path)));
        continue;
      }
      if (std::find(seen.begin(), seen.end(), field) != seen.end()) {
        findings_.error(member.mark, shown_key, "is set twice, in different spellings");
        continue;
      }
      seen.push_back(field);
      check_value(member.value, *field, shown_key);
    }
    for (const Field& field : table_.fields()) {
      if (!field.required || parent_of(field.path) != path) continue;
      if (field.only_for_runs && findings_.options().for_loop) continue;
      if (is_given(map, field)) continue;
      findings_.error(map.mark,
                      join_path(shown, last_of(field.path)),
                      "is missing; expected " + expected_text(field));
    }
  }

 private:
  bool is_given(const ConfigNode& map, const Field& field) const {
    return std::any_of(map.members.begin(), map.members.end(), [&](const ConfigMember& member) {
      return table_.match(parent_of(field.path), member.key) == &field && !member.value.is_null();
    });
  }

  void check_value(const ConfigNode& node, const Field& field, const std::string& shown) {
    if (node.is_null()) return;
    if (!fits(node, field)) {
      std::string message = "expected " + expected_text(field) + "; found " + describe(node);
      if (node.is_scalar() && node.quoted && !fits_type_text(field) &&
          resolve_plain_scalar(node.text).is_number()) {
        message += "; remove the quotes";
      }
      if (node.is_scalar()) message += did_you_mean(node.text, field.options);
      if (!field.hint.empty()) message += "; " + std::string(field.hint);
      findings_.error(node.mark, shown, std::move(message));
      return;
    }
    if (field.advised_max && to_value(node).as_number() > *field.advised_max) {
      findings_.warn_or_error(node.mark,
                              shown,
                              "HyperDrive allows at most " + format_number(*field.advised_max) +
                                  "; found " + describe(node));
    }
    const bool may_have_rows = field.type == FieldType::kMap || field.type == FieldType::kAny;
    if (may_have_rows && node.is_map() && !table_.children(field.path).empty()) {
      check_map(node, std::string(field.path), shown);
    }
    if (field.type == FieldType::kList) check_items(node, field, shown);
  }

  void check_items(const ConfigNode& list, const Field& field, const std::string& shown) {
    const std::string item_path = std::string(field.path) + "[]";
    if (table_.children(item_path).empty()) return;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const ConfigNode& item = list.items[i];
      const std::string shown_item = shown + "[" + std::to_string(i) + "]";
      if (item.is_map()) {
        check_map(item, item_path, shown_item);
      } else {
        findings_.error(item.mark, shown_item, "expected a map of keys; found " + describe(item));
      }
    }
  }

  static bool fits_type_text(const Field& field) {
    return field.type == FieldType::kText || field.type == FieldType::kTexts;
  }

  const FieldTable& table_;
  Findings& findings_;
};

}  // namespace

FieldTable::FieldTable(std::string_view title,
                       std::vector<Field> fields,
                       bool fold_names,
                       Aliases aliases)
    : title_(title),
      fields_(std::move(fields)),
      fold_names_(fold_names),
      aliases_(std::move(aliases)) {
  for (std::size_t row = 0; row < fields_.size(); ++row) {
    index_.emplace(normalised(fields_[row].path), row);
  }
  for (const auto& [spelling, path] : aliases_) {
    index_.emplace(normalised(spelling), index_.at(normalised(path)));
  }
}

std::string FieldTable::normalised(std::string_view path) const {
  return fold_names_ ? fold_name(path) : std::string(path);
}

const Field* FieldTable::find(std::string_view path) const {
  const auto found = index_.find(normalised(path));
  if (found == index_.end() || fields_[found->second].path != path) return nullptr;
  return &fields_[found->second];
}

const Field* FieldTable::match(std::string_view parent, std::string_view key) const {
  // A dot would let one key stand for a place further down.
  if (key.find('.') != std::string_view::npos) return nullptr;
  const auto found = index_.find(normalised(join_path(parent, key)));
  return found == index_.end() ? nullptr : &fields_[found->second];
}

std::vector<std::string_view> FieldTable::children(std::string_view parent) const {
  std::vector<std::string_view> names;
  for (const Field& field : fields_) {
    if (parent_of(field.path) == parent) names.push_back(last_of(field.path));
  }
  return names;
}

void check_fields(const ConfigNode& root,
                  const FieldTable& table,
                  Findings& findings,
                  const std::string& path) {
  if (!root.is_map()) {
    findings.error(root.mark.line == 0 ? Mark{1, 1} : root.mark,
                   {},
                   "expected a map of keys (" + std::string(table.title()) + "); found " +
                       (root.is_null() ? "an empty file" : describe(root)));
    return;
  }
  Checker(table, findings).check_map(root, path, path);
}

const ConfigNode* field_node(const ConfigNode& root,
                             const FieldTable& table,
                             std::string_view path) {
  const ConfigNode* node = &root;
  std::size_t start = 0;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('.', start), path.size());
    const Field* const wanted = table.find(path.substr(0, end));
    const std::string_view parent = start == 0 ? std::string_view() : path.substr(0, start - 1);
    const ConfigNode* next = nullptr;
    for (const ConfigMember& member : node->members) {
      if (wanted != nullptr && table.match(parent, member.key) == wanted) {
        next = &member.value;
        break;
      }
    }
    if (next == nullptr || next->is_null() || !fits(*next, *wanted)) return nullptr;
    node = next;
    start = end + 1;
  }
  return node;
}

std::string_view type_name(FieldType type) {
  switch (type) {
    case FieldType::kText:
      return "text";
    case FieldType::kInteger:
      return "integer";
    case FieldType::kNumber:
      return "number";
    case FieldType::kBoolean:
      return "boolean";
    case FieldType::kMap:
    case FieldType::kFreeMap:
      return "map";
    case FieldType::kList:
      return "list";
    case FieldType::kTexts:
      return "text or list";
    case FieldType::kAny:
      break;
  }
  return "any";
}

std::string expected_text(const Field& field) {
  const auto range = [&](std::string text) {
    if (field.min && field.max && !field.above_min && *field.max < kLargestInteger) {
      return text + " from " + format_number(*field.min) + " to " + format_number(*field.max);
    }
    if (field.min && field.above_min) {
      return text + " greater than " + format_number(*field.min);
    }
    if (field.min) return text + " of at least " + format_number(*field.min);
    return text;
  };
  switch (field.type) {
    case FieldType::kText:
      return field.options.empty() ? "a text" : join_alternatives(field.options);
    case FieldType::kInteger:
      return range("an integer");
    case FieldType::kNumber:
      return range("a number");
    case FieldType::kBoolean:
      return "true or false";
    case FieldType::kMap:
    case FieldType::kFreeMap:
      return "a map of keys";
    case FieldType::kList:
      return "a list";
    case FieldType::kTexts:
      return "a text or a list of texts";
    case FieldType::kAny:
      break;
  }
  return "a value";
}

bool fits(const ConfigNode& node, const Field& field) {
  switch (field.type) {
    case FieldType::kText:
      if (!node.is_scalar() || (field.required && node.text.empty())) return false;
      return field.options.empty() || is_option(field, node.text);
    case FieldType::kInteger: {
      const Value value = to_value(node);
      if (!node.is_scalar() || !value.is_number()) return false;
      const double number = value.as_number();
      return (value.is_integer() || number == std::floor(number)) && in_range(field, number);
    }
    case FieldType::kNumber: {
      if (!node.is_scalar()) return false;
      const Value value = to_value(node);
      return value.is_number() && in_range(field, value.as_number());
    }
    case FieldType::kBoolean:
      return node.is_scalar() && to_value(node).is_bool();
    case FieldType::kMap:
    case FieldType::kFreeMap:
      return node.is_map();
    case FieldType::kList:
      return node.is_list();
    case FieldType::kTexts:
      return node.is_scalar() ||
             (node.is_list() &&
              std::all_of(node.items.begin(), node.items.end(), [](const ConfigNode& item) {
                return item.is_scalar();
              }));
    case FieldType::kAny:
      break;
  }
  return true;
}

}  // namespace hd
