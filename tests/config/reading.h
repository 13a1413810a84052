#pragma once
#include <string>
#include <vector>

#include "engine/config/hdconfig.h"
#include "engine/config/runconfig.h"

namespace hd::testing {

/// One line for each finding, as a user sees it.
inline std::string lines(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += to_string(diagnostic) + "\n";
  return text;
}

/// Everything that reading `text` as a sweep file says: mistakes, or else warnings.
inline std::string said(const std::string& text, ReadOptions options) {
  std::vector<Diagnostic> warnings;
  try {
    (void)read_hyperdrive_file(text, "hdconfig.yml", options, warnings);
  } catch (const ConfigError& error) {
    return lines(error.diagnostics());
  }
  return lines(warnings);
}
inline std::string said(const std::string& text, bool strict = false) {
  return said(text, ReadOptions{.strict = strict});
}
inline std::string said_for_loop(const std::string& text) {
  return said(text, ReadOptions{.for_loop = true});
}

/// The configuration of a text without mistakes.
inline HyperDriveConfig read(const std::string& text) {
  std::vector<Diagnostic> warnings;
  return read_hyperdrive_file(text, "hdconfig.yml", {}, warnings).config;
}

/// A complete hdconfig with these lines of parameter space, each already indented by four.
inline std::string with_space(const std::string& space, const std::string& type = "random") {
  return "sampling:\n  type: " + type + "\n  parameter_space:\n" + space +
         "primary_metric_name: loss\nprimary_metric_goal: Minimize\nmax_total_runs: 4\n";
}

/// A complete hdconfig whose only parameter is on line 4.
inline std::string with_expression(const std::string& expression,
                                   const std::string& values,
                                   const std::string& type = "random") {
  return with_space("    - {name: --a, expression: " + expression + ", values: " + values + "}\n",
                    type);
}

/// A complete hdconfig with more top-level lines, which begin on line 8.
inline std::string with_lines(const std::string& more) {
  return with_expression("choice", "[1]") + more;
}

}  // namespace hd::testing
