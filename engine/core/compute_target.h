#pragma once
#include <string>
#include <utility>
#include <vector>

namespace hd {

/// A machine that is reached over SSH.
struct RemoteHost {
  std::string address;  ///< name, IP address, or a host of the user's ssh configuration
  int port = 22;
  std::string user;
  int slots = 1;  ///< how many attempts run there at once
};

/// A compute target of the type `remote`, as its file describes it. Paths on this machine are
/// absolute, those on the hosts as written.
struct RemoteTarget {
  std::string name;
  std::string description;
  std::vector<RemoteHost> hosts;  ///< at least one, no two the same
  std::string private_key_file;   ///< empty = ssh's own keys and the key agent
  std::string secret_file;        ///< holds the password or the key's passphrase; empty = none
  std::string known_hosts_file;   ///< host keys accepted for this target
  std::string work_folder;        ///< on the hosts; `~/` is the user's home there
  std::string python;             ///< on the hosts; empty = what the runconfig names
  std::vector<std::pair<std::string, std::string>> environment;  ///< added to that of the hosts
  bool keep_files = false;  ///< leave an attempt's files on its host after they were brought back

  /// Of all hosts together.
  [[nodiscard]] int slots() const {
    int sum = 0;
    for (const RemoteHost& host : hosts) sum += host.slots;
    return sum;
  }
};

}  // namespace hd
