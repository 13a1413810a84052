#pragma once
#include <string>
#include <string_view>

#include "executors/supervisor/heard_line.h"
#include "executors/supervisor/own_patterns.h"
#include "executors/supervisor/printed_table.h"

namespace hd {

/// Finds metrics in what a script prints: what the user's own expressions find, and in other lines
/// `name: value`, `name=value`, JSON objects with numeric members, rows of tables, and the two-line
/// form of the Azure ML SDK outside a run. The rules, and what is taken for no metric, are in
/// docs/supervisor.md. One object per text stream: some forms need a memory of lines before. Never
/// throws; time linear in the line.
class StdoutPatterns {
 public:
  /// `own` may be null and must outlive this; `built_in` = whether lines in which it finds nothing
  /// are searched too.
  explicit StdoutPatterns(OwnPatterns* own = nullptr, bool built_in = true)
      : own_(own), built_in_(built_in) {}

  /// Reads one line without its newline; terminal escape sequences in it are ignored. `out.kind` is
  /// kMetrics or kNothing. Views are good until `line` or `out` goes or this is called again.
  void read(std::string_view line, HeardLine& out);

 private:
  bool read_offline_form(std::string_view line, HeardLine& out);
  void search(std::string_view line, HeardLine& out);

  OwnPatterns* own_;
  bool built_in_;
  std::string plain_;  ///< the line without escape sequences
  PrintedTable table_;
  std::string offline_name_;  ///< announced by the line before; empty = none
};

}  // namespace hd
