#include "executors/ssh/host_question.h"

#include <chrono>
#include <memory>

namespace hd {
namespace {

constexpr std::chrono::seconds kPatience{30};

}  // namespace

HostAnswer ask_host(const HostAccess& access, const RemoteHost& host) {
  boost::asio::io_context loop(1);
  HostAnswer answer;
  bool done = false;
  std::unique_ptr<AgentConnection> connection;
  AgentConnection::Events events;
  events.ready = [&](const HostGreeting& greeting) {
    answer.greeting = greeting;
    const std::string& python =
        access.target.python.empty() ? greeting.python : access.target.python;
    connection->send(encode_frame({{"op", "describe"}, {"python", python}}));
  };
  events.received = [&](const Frame& frame) {
    if (frame.head.value("re", "") != "described") return;
    answer.facts = frame.head;
    done = true;
  };
  events.has_room = [] {};
  events.closed = [&](const ConnectionTrouble& trouble) {
    answer.trouble = trouble;
    done = true;
  };
  connection = std::make_unique<AgentConnection>(loop, access, host, events);
  connection->open();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!done && std::chrono::steady_clock::now() < deadline) {
    loop.restart();
    loop.run_one_until(deadline);
  }
  if (!done) {
    answer.trouble = ConnectionTrouble{host_text(host) + " does not answer in time"};
  }
  connection->finish();
  return answer;
}

}  // namespace hd
