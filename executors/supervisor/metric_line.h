#pragma once
#include <string_view>

#include "executors/supervisor/heard_line.h"

namespace hd {

/// Reads one line of the native line protocol (docs/supervisor.md), newline removed, into `out`,
/// whose former content is dropped. A line that is no JSON object is kPlainText. Views in `out` are
/// good as long as both `line` and `out` are. Never throws; time linear in the line.
void read_metric_line(std::string_view line, HeardLine& out);

/// For a line that is one JSON object but is not meant as the native form, as programs print on
/// stdout: its numeric members (also numeric strings), with an integer member "step" as their step.
/// False when it is no JSON object.
[[nodiscard]] bool read_json_fields(std::string_view line, HeardLine& out);

}  // namespace hd
