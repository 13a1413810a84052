#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/findings.h"
#include "engine/core/parameter_space.h"

namespace hd {

/// What the files and the documentation say of one of the ten expressions.
struct ExpressionInfo {
  std::string_view name;
  std::vector<std::string_view> arguments;  ///< in the order of `values`
  std::vector<std::string_view> keys;       ///< the same in a v2 sweep file: min_value, ...
  std::string_view remark;                  ///< follows the argument list in messages
  std::string_view draws;                   ///< formula, for the documentation
};

/// The ten, in HyperDrive's order. `choice` states no arguments: it takes any number.
[[nodiscard]] const std::vector<ExpressionInfo>& expression_infos();
/// "[min, max] as natural-log bounds".
[[nodiscard]] std::string arguments_text(const ExpressionInfo& info);

/// Reads parameters and their expressions, in both spellings of the files, reporting every mistake.
class ExpressionReader {
 public:
  explicit ExpressionReader(Findings& findings) : findings_(findings) {}

  /// hdconfig's list of {name, expression, values}.
  [[nodiscard]] std::vector<Parameter> read_parameter_list(const ConfigNode& list,
                                                           const std::string& key);
  /// A v2 sweep file's map of name to {type, ...}.
  [[nodiscard]] std::vector<Parameter> read_search_space(const ConfigNode& map,
                                                         const std::string& key);

  /// Where each expression stands, nested ones included.
  struct Seen {
    std::string key;
    Mark mark;
    std::string_view name;
    double values = 0;  ///< how many distinct ones it can give; infinity when unbounded
  };
  [[nodiscard]] const std::vector<Seen>& seen() const { return seen_; }

 private:
  struct Argument {
    const ConfigNode* node;
    std::string key;
  };
  struct Place {
    std::string key;
    Mark mark;
  };

  std::optional<Parameter> read_entry(const ConfigNode& entry, const std::string& key);
  std::optional<std::string> read_name(std::string_view name, const Place& place);
  const ExpressionInfo* read_expression_name(const ConfigNode& node, const std::string& key);
  std::optional<ParameterExpression> read_listed(const ConfigNode& expression,
                                                 const ConfigNode* values,
                                                 const std::string& key);
  std::optional<ParameterExpression> read_keyed(const ConfigNode& map, const std::string& key);
  std::optional<ParameterExpression> read_choice(const std::vector<ConfigNode>& options,
                                                 const Place& place);
  std::optional<ChoiceOption> read_option(const ConfigNode& node, const std::string& key);
  std::optional<ParameterExpression> read_member(const ConfigNode& node, const std::string& key);
  std::optional<ParameterExpression> build(const ExpressionInfo& info,
                                           const std::vector<Argument>& arguments,
                                           const Place& place);
  std::optional<std::vector<double>> read_numbers(const ExpressionInfo& info,
                                                  const std::vector<Argument>& arguments);
  bool order_bounds(const ExpressionInfo& info, std::vector<double>& numbers, const Place& place);
  bool check_numbers(const ExpressionInfo& info,
                     const std::vector<double>& numbers,
                     const Place& place);
  void check_names(const std::vector<Parameter>& parameters, const std::vector<Place>& places);

  Findings& findings_;
  std::vector<Seen> seen_;
};

}  // namespace hd
