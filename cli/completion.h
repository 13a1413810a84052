#pragma once
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace hd {

/// Text for the shell to source. Throws UsageError for an unknown shell.
[[nodiscard]] std::string completion_script(const std::string& shell);

/// What can follow the given words of a command line, one candidate a line.
[[nodiscard]] std::string completion_words(const CLI::App& app,
                                           const std::vector<std::string>& words);

}  // namespace hd
