#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/findings.h"

namespace hd {

enum class FieldType {
  kText,  ///< any scalar, taken as written
  kInteger,
  kNumber,
  kBoolean,
  kMap,      ///< of fields that have rows of their own
  kFreeMap,  ///< of names the user chooses
  kList,     ///< its items, when maps, have rows under `path[]`
  kTexts,    ///< a text or a list of texts
  kAny,
};

/// What this program does with a field.
enum class FieldUse {
  kHonoured,
  kNotApplicable,  ///< has no meaning here; named in a note when it is set to something
  kRefused,        ///< cannot be left out silently; running with it set is a mistake
};

/// One key of a configuration file. The tables of these rows are the only place where keys, types,
/// defaults and ranges are stated: reader, JSON Schema, documentation and templates all use them.
struct Field {
  std::string_view path;  ///< dots between maps, [] after a list: sampling.parameter_space[].name
  FieldType type = FieldType::kText;
  std::string_view description;
  bool required = false;
  bool only_for_runs = false;  ///< not required by a tuning loop, which starts no child runs
  std::string_view default_value = {};     ///< as YAML; empty = none
  std::optional<double> min = {};          ///< for numbers; inclusive unless `above_min`
  std::optional<double> max = {};          ///< inclusive
  std::optional<double> advised_max = {};  ///< HyperDrive's limit; more is accepted with a warning
  std::vector<std::string_view> options = {};    ///< for texts; case is ignored
  std::vector<std::string_view> spellings = {};  ///< accepted besides the options
  bool above_min = false;
  std::string_view hint = {};  ///< ends the message when the value does not fit
  bool extension = false;      ///< a key that HyperDrive does not have
  FieldUse use = FieldUse::kHonoured;
};

class FieldTable {
 public:
  /// Other spellings of a key: {spelling, path of the field meant}, both full paths.
  using Aliases = std::vector<std::pair<std::string_view, std::string_view>>;

  /// With `fold_names` camelCase, snake_case and TitleCase of a key are the same.
  FieldTable(std::string_view title,
             std::vector<Field> fields,
             bool fold_names = false,
             Aliases aliases = {});

  [[nodiscard]] std::string_view title() const { return title_; }
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }
  [[nodiscard]] const Aliases& aliases() const { return aliases_; }

  /// The row with exactly this path, or null pointer.
  [[nodiscard]] const Field* find(std::string_view path) const;
  /// The row for a key as a user wrote it in the map that has the path `parent`, or null pointer.
  [[nodiscard]] const Field* match(std::string_view parent, std::string_view key) const;
  /// Last part of the paths of the rows directly under `parent` ("" = top level).
  [[nodiscard]] std::vector<std::string_view> children(std::string_view parent) const;

 private:
  [[nodiscard]] std::string normalised(std::string_view path) const;

  std::string_view title_;
  std::vector<Field> fields_;
  bool fold_names_;
  Aliases aliases_;
  std::map<std::string, std::size_t, std::less<>> index_;  ///< normalised path to row
};

[[nodiscard]] const FieldTable& hdconfig_fields();
[[nodiscard]] const FieldTable& sweep_job_fields();
[[nodiscard]] const FieldTable& runconfig_fields();
[[nodiscard]] const FieldTable& compute_target_fields();

/// Reports every unknown key, missing key, wrong type and value out of range under `root`, which
/// stands at `path` of the table ("" = top level). Throws ConfigError for a map of more keys than
/// any such file has.
void check_fields(const ConfigNode& root,
                  const FieldTable& table,
                  Findings& findings,
                  const std::string& path = {});

/// The node at a path without [], or null pointer when it is absent, null, or of a type that
/// check_fields has reported.
[[nodiscard]] const ConfigNode* field_node(const ConfigNode& root,
                                           const FieldTable& table,
                                           std::string_view path);

/// "an integer from 1 to 99", "true or false", ...
[[nodiscard]] std::string expected_text(const Field& field);

/// Whether the node's type and range fit the field.
[[nodiscard]] bool fits(const ConfigNode& node, const Field& field);

[[nodiscard]] std::string_view type_name(FieldType type);

/// Largest value of integer fields that state no smaller one.
inline constexpr double kLargestInteger = 2147483647;

}  // namespace hd
