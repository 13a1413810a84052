// Whatever the bytes: a configuration or a ConfigError with messages, never anything else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "engine/config/hdconfig.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first byte chooses the way of reading; the rest is the file.
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<hd::Diagnostic> warnings;
  const hd::ReadOptions options{.strict = (data[0] & 1U) != 0, .for_loop = (data[0] & 2U) != 0};
  try {
    const hd::HyperDriveFile file = hd::read_hyperdrive_file(text, "f.yml", options, warnings);
    const hd::HyperDriveConfig& config = file.config;
    // What the readers promise the engine.
    if (config.parameter_space.parameters().empty()) std::abort();
    if (config.primary_metric_name.empty() && !options.for_loop) std::abort();
    if (config.max_total_runs < 1 || config.max_concurrent_runs < 1) std::abort();
    if (config.parameter_space.parameters().size() > 100) return 0;  // only slow
    const std::vector<double> unit(
        static_cast<std::size_t>(config.parameter_space.unit_dimensions()), 0.5);
    if (!config.parameter_space.contains(config.parameter_space.from_unit(unit))) std::abort();
  } catch (const hd::ConfigError& error) {
    if (error.diagnostics().empty()) std::abort();
  }
  return 0;
}
