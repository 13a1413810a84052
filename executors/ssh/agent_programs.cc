#include "executors/ssh/agent_programs.h"

#include <cstdlib>
#include <unistd.h>

#include "engine/workspace/files.h"
#include "engine/workspace/sha256.h"

namespace hd {
namespace {

constexpr std::size_t kLargestProgram = std::size_t{512} << 20U;

}  // namespace

Result<AgentPrograms> read_agent_programs(const std::string& agent_path,
                                          const std::string& supervisor_path) {
  AgentPrograms programs;
  for (const auto& [path, content, name] :
       {std::tuple{agent_path, &programs.agent, "hdrive-agent"},
        std::tuple{supervisor_path, &programs.supervisor, "hdrive-supervisor"}}) {
    if (path.empty()) {
      return Error{std::string("the program ") + name +
                   " was not found beside this program; it is needed to run on other machines"};
    }
    try {
      const auto read = read_file(path, kLargestProgram);
      if (!read) return Error{"the program " + path + " does not exist"};
      *content = *read;
    } catch (const FileError& error) {
      return Error{error.what()};
    }
  }
  Sha256 hash;
  hash.add(programs.agent);
  hash.add(programs.supervisor);
  programs.version = hash.finish().substr(0, 32);
  return programs;
}

std::string find_agent(const std::string& supervisor_path) {
  if (const char* named = std::getenv("HDRIVE_AGENT"); named != nullptr && *named != '\0') {
    return named;
  }
  const std::size_t slash = supervisor_path.rfind('/');
  if (slash == std::string::npos) return {};
  std::string path = supervisor_path.substr(0, slash) + "/hdrive-agent";
  return ::access(path.c_str(), X_OK) == 0 ? path : std::string();
}

}  // namespace hd
