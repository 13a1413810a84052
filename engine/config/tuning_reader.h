#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "engine/config/expressions.h"
#include "engine/config/field_table.h"
#include "engine/core/hyperdrive_config.h"

namespace hd {

/// Values of checked fields: nullopt when the key is absent, null, or was reported as a mistake.
class FieldValues {
 public:
  FieldValues(const ConfigNode& root, const FieldTable& table) : root_(root), table_(table) {}

  [[nodiscard]] const ConfigNode* node(std::string_view path) const {
    return field_node(root_, table_, path);
  }
  [[nodiscard]] std::optional<std::string> text(std::string_view path) const;
  [[nodiscard]] std::optional<double> number(std::string_view path) const;
  [[nodiscard]] std::optional<int> integer(std::string_view path) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view path) const;
  /// A text or list of texts as a list; empty when absent.
  [[nodiscard]] std::vector<std::string> texts(std::string_view path) const;
  /// A map of names to scalars, each value as written; null is the empty text. Other values are
  /// mistakes.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> pairs(std::string_view path,
                                                                       Findings& findings) const;

 private:
  const ConfigNode& root_;
  const FieldTable& table_;
};

/// The policy under `section` ("policy", "early_termination").
[[nodiscard]] PolicyConfig read_policy(const FieldValues& values,
                                       const std::string& section,
                                       Findings& findings);

/// What the sampling algorithm asks of the expressions and limits: Grid needs finite expressions,
/// Bayesian sampling comes with HyperDrive's advice.
void check_sampling(const HyperDriveConfig& config,
                    const std::vector<ExpressionReader::Seen>& expressions,
                    Mark mark,
                    Findings& findings);

/// Builds the space; what only its constructor finds is reported at `mark`.
[[nodiscard]] ParameterSpace make_space(std::vector<Parameter> parameters,
                                        Mark mark,
                                        const std::string& key,
                                        Findings& findings);

}  // namespace hd
