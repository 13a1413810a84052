// hdrive-agent: lets an engine on another machine start and follow child runs here. Started over
// SSH in the work folder; speaks over its standard input and output, and ends with them.
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "executors/agent/agent_session.h"

int main(int argc, char**) {
  if (argc != 1) {
    std::fputs("usage: hdrive-agent, in the work folder; started by hdrive\n", stderr);
    return 64;
  }
  ::umask(077);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    boost::asio::io_context loop(1);
    const hd::AgentSession session(
        loop, std::filesystem::current_path().string(), STDIN_FILENO, STDOUT_FILENO);
    loop.run();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hdrive-agent: %s\n", error.what());
    return 70;
  }
}
