#pragma once
#include <algorithm>
#include <string>
#include <string_view>

#include "executors/supervisor_protocol/sealed_record.h"

namespace hd::testing {

/// The lines with the checksum that a supervisor gives each; what is no object stays as it is.
inline std::string sealed(std::string_view lines) {
  std::string out;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    const std::size_t begin = out.size();
    if (line.ends_with('}')) {
      out += line.substr(0, line.size() - 1);
      seal_record(out, begin);
    } else {
      out += line;
      out += '\n';
    }
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return out;
}

}  // namespace hd::testing
