#pragma once
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/value.h"

namespace hd {

enum class OutputFormat { kJson, kJsonColored, kYaml, kTable, kTsv, kNone };

/// Throws UsageError naming the formats for an unknown one. `yamlc` is taken as yaml.
[[nodiscard]] OutputFormat parse_output_format(std::string_view name);

/// Renders one document: an object, or a list of objects. `columns` are the members that table and
/// tsv show, in that order; when empty, all members that are neither object nor list. A member of a
/// member is named "error.message". Text ends with a newline unless nothing is to be printed.
[[nodiscard]] std::string render(const Value& document,
                                 OutputFormat format,
                                 std::span<const std::string> columns);

/// Thrown when the reader of our standard output went away.
class BrokenOutput : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Writes all of `text` to standard output. Throws BrokenOutput on EPIPE, std::system_error on
/// other failures (a full disk must not look like success).
void write_stdout(std::string_view text);

}  // namespace hd
