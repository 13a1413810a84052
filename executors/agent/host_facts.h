#pragma once
#include <string>

#include <nlohmann/json.hpp>

namespace hd {

/// What an engine has to know of this machine before it starts anything: name, boot, work folder,
/// and which Python there is.
[[nodiscard]] nlohmann::json greeting(const std::string& work);

/// What a person wants to know: cores, memory, room, versions, GPUs, attempts that run. `python` is
/// asked for its version. Runs programs; takes at most about ten seconds.
[[nodiscard]] nlohmann::json describe_host(const std::string& work, const std::string& python);

/// The environment of a login, as NAME=value texts each ended by a NUL, without what belongs to the
/// connection itself.
[[nodiscard]] std::string login_environment();

}  // namespace hd
