#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/compute_target.h"

namespace hd {

/// How ssh is called for one host of a target. One connection with one channel: nothing is
/// multiplexed, so no control socket and no background process stays behind.
struct SshCommand {
  std::vector<std::string> argv;
  /// Added to this process's environment: how ssh asks for a secret, where there is one.
  std::vector<std::pair<std::string, std::string>> environment;
};

/// `askpass`: program that prints the secret for ssh (used where the target has a secret file).
/// `remote_command`: a constant text for the login shell of the host.
[[nodiscard]] SshCommand ssh_command(const RemoteTarget& target,
                                     const RemoteHost& host,
                                     const std::string& askpass,
                                     const std::string& remote_command);

/// Name of the environment variable that gives the askpass program the path of the secret file.
inline constexpr const char* kSecretFileVariable = "HDRIVE_SSH_SECRET_FILE";

/// "anna@gpu1:2222".
[[nodiscard]] std::string host_text(const RemoteHost& host);

/// Why there is no connection to a host.
struct ConnectionTrouble {
  std::string message;
  /// Waiting does not help: the host answered, and refuses.
  bool is_refusal = false;
  bool is_about_host_key = false;  ///< the key is another one than was accepted, or none was
};

/// What ssh's own messages mean, with advice.
[[nodiscard]] ConnectionTrouble explain_ssh_errors(const RemoteTarget& target,
                                                   const RemoteHost& host,
                                                   const std::string& errors);

}  // namespace hd
