#include "executors/ssh/remote_attempt.h"

#include <algorithm>

namespace hd {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

const std::string& moved_path(const std::string& path, const Pairs& moved) {
  const auto found = std::find_if(
      moved.begin(), moved.end(), [&](const auto& place) { return place.first == path; });
  return found == moved.end() ? path : found->second;
}

std::string moved_paths(const std::string& list, const Pairs& moved) {
  std::string out;
  std::size_t begin = 0;
  for (std::size_t end = list.find(':'); end != std::string::npos; end = list.find(':', begin)) {
    out += moved_path(list.substr(begin, end - begin), moved) + ':';
    begin = end + 1;
  }
  return out + moved_path(list.substr(begin), moved);
}

void set(Pairs& environment, const std::string& name, std::string value) {
  const auto found = std::find_if(environment.begin(),
                                  environment.end(),
                                  [&](const auto& variable) { return variable.first == name; });
  if (found == environment.end()) {
    environment.emplace_back(name, std::move(value));
  } else {
    found->second = std::move(value);
  }
}

}  // namespace

std::string remote_directory(const ChildRunSpec& spec, const std::string& work) {
  return work + "/runs/" + spec.run_id + "/" + std::to_string(spec.attempt);
}

ChildRunSpec remote_spec(const ChildRunSpec& spec,
                         const std::string& work,
                         const RemotePlaces& places) {
  ChildRunSpec remote = spec;
  remote.attempt_directory = remote_directory(spec, work);
  remote.snapshot_directory = moved_path(spec.snapshot_directory, places.moved);
  remote.resume_from = moved_path(spec.resume_from, places.moved);
  for (std::string& argument : remote.argv) argument = moved_path(argument, places.moved);
  if (!places.python.empty() && remote.argv[0] == "python") remote.argv[0] = places.python;
  remote.environment = places.environment;
  for (const auto& [name, value] : spec.environment) {
    set(remote.environment, name, moved_paths(value, places.moved));
  }
  return remote;
}

}  // namespace hd
