#include "engine/workspace/git_info.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/workspace/run_process.h"

namespace hd {
namespace {

std::optional<std::string> git(const std::string& directory, std::vector<std::string> arguments) {
  ProcessRequest request;
  // A file system monitor would be a program of the repository's choice that outlives us.
  request.argv = {"git", "-c", "core.fsmonitor=false"};
  request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
  request.directory = directory;
  request.environment = {{"GIT_OPTIONAL_LOCKS", "0"},
                         {"GIT_TERMINAL_PROMPT", "0"},
                         {"LC_ALL", "C"},
                         // Set by git in hooks, they would point at another repository.
                         {"GIT_DIR", std::nullopt},
                         {"GIT_WORK_TREE", std::nullopt},
                         {"GIT_INDEX_FILE", std::nullopt},
                         {"GIT_PREFIX", std::nullopt}};
  ProcessResult result = run_process(request);
  if (!result.succeeded()) return std::nullopt;
  while (!result.output.empty() && result.output.back() == '\n') result.output.pop_back();
  return std::move(result.output);
}

}  // namespace

std::string without_credentials(const std::string& url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return url;
  std::string scheme = url.substr(0, scheme_end);
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const std::size_t host_begin = scheme_end + 3;
  const std::size_t host_end = std::min(url.find_first_of("/?#", host_begin), url.size());
  std::string authority = url.substr(host_begin, host_end - host_begin);
  std::string path = url.substr(host_end);
  // The user of ssh is part of the address; over http it may be a token.
  const bool is_web = scheme == "http" || scheme == "https";
  const std::size_t at = authority.rfind('@');
  if (at != std::string::npos) {
    const std::string user = authority.substr(0, std::min(at, authority.find(':')));
    authority = (is_web || user.empty() ? "" : user + "@") + authority.substr(at + 1);
  }
  if (is_web) path.resize(std::min(path.find_first_of("?#"), path.size()));
  return url.substr(0, host_begin) + authority + path;
}

std::vector<std::pair<std::string, std::string>> git_properties(const std::string& directory) {
  std::vector<std::pair<std::string, std::string>> properties;
  const auto inside = git(directory, {"rev-parse", "--is-inside-work-tree"});
  if (inside != "true") return properties;
  const auto add = [&properties](const char* name, const char* mlflow_name, std::string value) {
    properties.emplace_back(std::string("azureml.git.") + name, value);
    if (mlflow_name != nullptr) {
      properties.emplace_back(std::string("mlflow.source.git.") + mlflow_name, std::move(value));
    }
  };
  // Without a remote git answers with the name that it would have: no address.
  const auto url = git(directory, {"ls-remote", "--get-url"});
  if (url && !url->empty() && url->find_first_of("/:\\") != std::string::npos) {
    add("repository_uri", "repoURL", without_credentials(*url));
  }
  if (auto branch = git(directory, {"symbolic-ref", "--short", "HEAD"})) {
    add("branch", "branch", std::move(*branch));
  }
  if (auto commit = git(directory, {"rev-parse", "--verify", "--quiet", "HEAD"})) {
    add("commit", "commit", std::move(*commit));
  }
  if (const auto status = git(directory, {"status", "--porcelain", "."})) {
    add("dirty", nullptr, status->empty() ? "False" : "True");
  }
  return properties;
}

}  // namespace hd
