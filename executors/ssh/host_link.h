#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "executors/ssh/agent_connection.h"
#include "executors/ssh/local_tree.h"

namespace hd {

/// A host of a target, connected again whenever the connection is lost, for as long as this object
/// lives.
class HostLink {
 public:
  struct Events {
    std::function<void()> up;
    /// A try to connect failed, or the connection was lost.
    std::function<void(const ConnectionTrouble&)> down;
    std::function<void(const Frame&)> received;
  };

  HostLink(boost::asio::io_context& loop,
           const HostAccess& access,
           const RemoteHost& host,
           Events events);
  ~HostLink();

  /// Begins to connect, if it has not begun yet.
  void connect();
  [[nodiscard]] bool is_up() const { return up_; }
  /// Why it is not up; nullopt when it is, or when no try has ended yet.
  [[nodiscard]] const std::optional<ConnectionTrouble>& trouble() const { return trouble_; }
  [[nodiscard]] const RemoteHost& host() const { return host_; }
  /// As of the latest connection.
  [[nodiscard]] const HostGreeting& greeting() const { return greeting_; }
  /// Whether the host was started anew between the two latest connections.
  [[nodiscard]] bool was_restarted() const { return was_restarted_; }

  void send(std::string frame);

  /// Has the tree made on the host, unless it is there; then calls `done`, with what went wrong or
  /// nothing. Forgotten when the connection is lost.
  using TreeDone = std::function<void(const std::optional<Error>&)>;
  void provide(const LocalTree& tree, TreeDone done);

  /// Lets what was sent arrive and ends the connection.
  void finish();

 private:
  struct Upload {
    LocalTree tree;
    std::vector<TreeDone> waiting;
    std::deque<std::size_t> missing;
    int file = -1;  ///< of the first one that is missing
    std::uint64_t offset = 0;
  };

  void try_to_connect();
  void give_signs_of_life();
  void on_ready(const HostGreeting& greeting);
  void on_closed(const ConnectionTrouble& trouble);
  void take(const Frame& frame);
  void take_tree_answer(const Frame& frame);
  void end_upload(const std::string& folder, const std::optional<Error>& error);
  void forget_uploads();
  void pump();
  bool send_part(const std::string& folder, Upload& upload);

  boost::asio::io_context& loop_;
  const HostAccess& access_;
  const RemoteHost& host_;
  Events events_;
  boost::asio::steady_timer timer_;  ///< for the next try, or for the next sign of life
  std::unique_ptr<AgentConnection> connection_;
  HostGreeting greeting_;
  std::optional<ConnectionTrouble> trouble_;
  bool begun_ = false;
  bool up_ = false;
  bool was_restarted_ = false;
  int failures_ = 0;  ///< in a row
  std::map<std::string, Upload> uploads_;
  std::map<std::string, bool> built_;  ///< folders known to be there
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace hd
