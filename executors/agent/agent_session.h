#pragma once
#include <array>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "executors/agent/file_sender.h"
#include "executors/agent/outlet.h"
#include "executors/agent/tree_builder.h"
#include "executors/agent_protocol/frame.h"
#include "executors/agent_protocol/told_event.h"
#include "executors/local/local_executor.h"

namespace hd {

/// One engine's conversation with this machine: does what its frames ask and tells what becomes of
/// it. Holds nothing that is not in files: when it ends, the supervisors go on, and the next
/// session takes them up.
class AgentSession {
 public:
  /// `work`: absolute path of the work folder. Speaks over `input` and `output`; stops the loop
  /// when the engine is gone, or says nothing for `patience`: it may long have another agent here,
  /// and this one is only in the way of that.
  AgentSession(boost::asio::io_context& loop,
               std::string work,
               int input,
               int output,
               std::chrono::milliseconds patience = std::chrono::seconds(30));

 private:
  void receive();
  void take(const Frame& frame);
  void run_attempt(const Frame& frame);
  void answer_tree(const std::string& folder, const Result<TreeBuilder::Progress>& progress);
  void send_files(FileSender::Key key, int tries);
  void tick();

  boost::asio::io_context& loop_;
  std::string work_;
  boost::asio::posix::stream_descriptor input_;
  Outlet outlet_;
  EventTeller teller_;
  LocalExecutor executor_;
  TreeBuilder trees_;
  FileSender files_;
  boost::asio::steady_timer timer_;
  FrameReader reader_;
  std::array<char, 65536> buffer_{};
  std::chrono::milliseconds patience_;
  std::chrono::milliseconds silence_{0};
  std::map<FileSender::Key, std::string> directories_;  ///< of attempts heard of in this session
};

}  // namespace hd
