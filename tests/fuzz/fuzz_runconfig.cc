// Whatever the bytes: a run configuration or a ConfigError with messages, never anything else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/runconfig.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first byte chooses the way of reading; the rest is the file.
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<hd::Diagnostic> warnings;
  const hd::ReadOptions options{.strict = (data[0] & 1U) != 0};
  // The same text serves as the environment file that it may name.
  const auto related = [&](const std::string&) { return std::optional<std::string>(text); };
  try {
    const hd::RunConfig config =
        hd::read_runconfig(text, "f.runconfig", options, warnings, related);
    if (config.script.rfind('/', 0) == 0 || config.script.rfind("../", 0) == 0) std::abort();
    if (config.node_count < 1) std::abort();
    for (const auto& [name, value] : config.environment_variables) {
      if (name.empty() || name.find('=') != std::string::npos) std::abort();
      if (value.find('\0') != std::string::npos) std::abort();
    }
  } catch (const hd::ConfigError& error) {
    if (error.diagnostics().empty()) std::abort();
  }
  return 0;
}
