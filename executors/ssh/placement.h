#pragma once
#include <optional>
#include <string>

#include "engine/core/compute_target.h"
#include "engine/core/result.h"

namespace hd {

/// Where an attempt was sent: kept in its directory on this machine, so that the next engine looks
/// for it there.
struct Placement {
  std::string address;
  int port = 22;
  std::string user;

  [[nodiscard]] bool names(const RemoteHost& host) const {
    return address == host.address && port == host.port && user == host.user;
  }
};

/// Makes the attempt's directory and writes the placement durably: nothing may be sent before.
[[nodiscard]] Result<bool> write_placement(const std::string& attempt_directory,
                                           const RemoteHost& host);
/// Nothing when the attempt was never sent anywhere.
[[nodiscard]] std::optional<Placement> read_placement(const std::string& attempt_directory);

}  // namespace hd
