#pragma once
#include <string>
#include <sys/types.h>

#include "engine/core/compute_target.h"

namespace hd::testing {

/// A real SSH server on a port of the loopback address, for this user and one generated key, with a
/// host key of its own. Nothing in ~/.ssh or /etc/ssh is read or written. Its folder and all its
/// processes are gone with it.
class SshServer {
 public:
  explicit SshServer(const std::string& address = "127.0.0.1");
  ~SshServer();
  SshServer(const SshServer&) = delete;
  SshServer& operator=(const SshServer&) = delete;

  /// Whether there is an SSH server to start on this machine.
  [[nodiscard]] static bool can_run();

  void start();
  /// Ends the server and every connection; what was started through them goes on.
  void stop();
  /// Ends the connections alone.
  void drop_connections() const;

  /// A target with this server as its only host.
  [[nodiscard]] RemoteTarget target(const std::string& work_folder, int slots) const;
  [[nodiscard]] RemoteHost host(int slots) const;
  [[nodiscard]] const std::string& folder() const { return folder_; }
  /// A line for a known_hosts file.
  [[nodiscard]] std::string known_host() const;

 private:
  std::string address_;
  std::string folder_;
  int port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace hd::testing
