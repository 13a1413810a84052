#pragma once
#include <string>
#include <string_view>

#include "executors/supervisor/heard_line.h"

namespace hd {

/// Finds metrics in what a script prints: `name: value`, `name=value`, JSON objects with numeric
/// members, and the two-line form of the Azure ML SDK outside a run. The rules, and what is taken
/// for no metric, are in docs/supervisor.md. One object per text stream: the two-line form needs a
/// memory of one line. Never throws; time linear in the line.
class StdoutPatterns {
 public:
  /// Reads one line without its newline; terminal escape sequences in it are ignored. `out.kind` is
  /// kMetrics or kNothing. Views are good until `line` or `out` goes or this is called again.
  void read(std::string_view line, HeardLine& out);

 private:
  bool read_offline_form(std::string_view line, HeardLine& out);

  std::string plain_;         ///< the line without escape sequences
  std::string offline_name_;  ///< announced by the line before; empty = none
};

}  // namespace hd
