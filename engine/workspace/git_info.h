#pragma once
#include <string>
#include <utility>
#include <vector>

namespace hd {

/// What git says of the repository that `directory` lies in, as the properties that Azure ML gives
/// a run: `azureml.git.repository_uri`, `.branch`, `.commit`, `.dirty` ("True" or "False") and the
/// `mlflow.source.git.*` ones. What git cannot tell is left out; empty without a repository or
/// without git. Passwords and tokens in the address are removed. Blocks for at most some seconds.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> git_properties(
    const std::string& directory);

/// The address of a repository without what could log somebody in.
[[nodiscard]] std::string without_credentials(const std::string& url);

}  // namespace hd
