#include "executors/ssh/placement.h"

#include <nlohmann/json.hpp>

#include "engine/workspace/files.h"
#include "executors/supervisor_protocol/attempt_files.h"

namespace hd {
namespace {

constexpr std::size_t kMostBytes = 65536;

std::string placement_file(const std::string& attempt_directory) {
  return attempt_directory + "/" + attempt_files::kPlacement;
}

}  // namespace

Result<bool> write_placement(const std::string& attempt_directory, const RemoteHost& host) {
  const nlohmann::json json = {{"address", host.address}, {"port", host.port}, {"user", host.user}};
  try {
    make_directories(attempt_directory);
    replace_file(placement_file(attempt_directory), json.dump() + "\n");
    return true;
  } catch (const FileError& error) {
    return Error{error.what()};
  }
}

std::optional<Placement> read_placement(const std::string& attempt_directory) {
  try {
    const auto text = read_file(placement_file(attempt_directory), kMostBytes);
    if (!text) return std::nullopt;
    const auto json = nlohmann::json::parse(*text);
    return Placement{json.at("address"), json.at("port"), json.at("user")};
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace hd
