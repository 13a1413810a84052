#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "executors/agent_protocol/frame.h"
#include "executors/ssh/agent_programs.h"
#include "executors/ssh/ssh_process.h"

namespace hd {

/// What a host says of itself when its agent begins.
struct HostGreeting {
  std::string host;
  std::string boot_id;
  std::string work;    ///< absolute path of the work folder there
  std::string python;  ///< the first `python`, or else `python3`, in PATH there; may be empty
  std::vector<std::pair<std::string, std::string>> environment;  ///< of a login
};

/// What the connections to all hosts of a target have in common.
struct HostAccess {
  const RemoteTarget& target;
  const AgentPrograms& programs;
  std::string askpass;  ///< program that prints the secret for ssh
  /// How long a host may take between login and shell, and to start the agent.
  std::chrono::milliseconds login_patience{60'000};
};

/// One connection to the agent of a host: logs in, sends the programs where they are missing,
/// starts the agent, and exchanges frames with it. Made for one try: after `closed` it is over.
class AgentConnection {
 public:
  struct Events {
    std::function<void(const HostGreeting&)> ready;
    std::function<void(const Frame&)> received;
    std::function<void()> has_room;
    std::function<void(const ConnectionTrouble&)> closed;  ///< last and once; may destroy this
  };

  /// Everything given by reference must outlive the connection.
  AgentConnection(boost::asio::io_context& loop,
                  const HostAccess& access,
                  const RemoteHost& host,
                  Events events);
  ~AgentConnection();

  /// Trouble to start comes as `closed`, later.
  void open();
  void send(std::string frame);
  [[nodiscard]] bool has_room() const;
  /// Lets what was sent arrive, then ends the agent; waits for it for a moment.
  void finish();

 private:
  enum class Stage { kLogin, kPrograms, kReady, kOpen };

  void take(std::string_view bytes);
  bool take_line(const std::string& line);
  void check_platform(const std::string& line);
  void limit_silence();
  void take_frames();
  void greet(const Frame& frame);
  void on_closed();
  void fail(const ConnectionTrouble& trouble);

  boost::asio::io_context& loop_;
  const HostAccess& access_;
  const RemoteHost& host_;
  Events events_;
  std::shared_ptr<SshProcess> process_;
  boost::asio::steady_timer timer_;
  Stage stage_ = Stage::kLogin;
  std::string lines_;  ///< until frames begin
  FrameReader reader_;
  std::string failed_step_;  ///< what could not be done on the host
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace hd
