#pragma once
#include <string>
#include <vector>

#include "engine/core/compute_target.h"

namespace hd {

/// A key that an SSH server presents. Who answers may be anybody: it is to be compared with what
/// the machine's owner says.
struct HostKey {
  std::string line;         ///< for a known_hosts file
  std::string fingerprint;  ///< "SHA256:..."
  std::string description;  ///< "SHA256:... (ED25519)"
};

/// Asks a host for its keys, with ssh-keyscan. Empty when it does not answer.
[[nodiscard]] std::vector<HostKey> scan_host_keys(const RemoteHost& host);

/// Adds a key to a known_hosts file, in the place of what the host had there.
void accept_host_key(const std::string& known_hosts_file,
                     const RemoteHost& host,
                     const HostKey& key);

}  // namespace hd
