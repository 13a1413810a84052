#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "cli/engine_process.h"
#include "cli/exit_code.h"
#include "cli/program.h"
#include "cli/serve/serve_api.h"
#include "cli/text.h"
#include "engine/core/error.h"
#include "engine/workspace/engine_lock.h"
#include "engine/workspace/files.h"
#include "executors/tracking/http_listener.h"
#include "executors/tracking/random_text.h"

namespace hd {
namespace {

constexpr std::size_t kLongestToken = 4096;
constexpr int kDefaultPort = 5000;  ///< that of MLflow's own server

struct ServeOptions {
  std::string host = "127.0.0.1";
  int port = kDefaultPort;
  std::string token_file;
  bool resume = false;
};

bool is_loopback(const std::string& host) { return host == "127.0.0.1" || host == "::1"; }

std::string read_token(const std::string& file) {
  std::string token = read_file(file, kLongestToken).value_or("");
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  if (token.size() >= 16) return token;
  throw UsageError("the token in " + printable(file) + " has fewer than 16 characters",
                   "write a longer one, or leave --token-file out to have one made");
}

/// The workspace's own token, made when it is first needed: clients keep it.
std::string own_token(const Workspace& workspace, std::string& file) {
  file = workspace.state_directory() + "/serve.token";
  if (!read_file(file, kLongestToken)) replace_file(file, random_hex_text() + '\n');
  return read_token(file);
}

ServeAccess access_of(const ServeOptions& serve, const Workspace& workspace, std::string& file) {
  ServeAccess access;
  if (!serve.token_file.empty()) {
    file = serve.token_file;
    access.token = read_token(file);
  } else if (!is_loopback(serve.host)) {
    access.token = own_token(workspace, file);
  }
  if (access.token.empty()) access.hosts = {"127.0.0.1", "localhost", "[::1]"};
  return access;
}

/// Sweeps and script runs that are not over and that no engine drives get one, as by `run resume`.
void resume_abandoned(const CommonOptions& options, const OpenedHistory& history, bool wanted) {
  RunFilter all;
  all.last = 0;
  for (const RunSummary& run : history.store.runs(all)) {
    if (is_terminal(run.status) || EngineLock::is_held(history.workspace, run.run_id)) continue;
    if (!wanted) {
      note(options, run.run_id + " is not over and no engine drives it: --resume takes it up");
      continue;
    }
    start_detached_engine(history.workspace, run.run_id, {});
    note(options, "took up " + run.run_id);
  }
}

int serve(const CommonOptions& options, const ServeOptions& serve) {
  const OpenedHistory history = open_history(options);
  std::string token_file;
  ServeApi api(history.workspace, history.store, access_of(serve, history.workspace, token_file));
  boost::asio::io_context loop;
  HttpListener listener(loop, api);
  const Result<int> port = listener.listen(serve.host, serve.port);
  if (!port) {
    throw CommandFailure(
        kExitUnusable, "E0502", port.error().message, "name another --port, or 0 for a free one");
  }
  resume_abandoned(options, history, serve.resume);
  const std::string host =
      serve.host.find(':') == std::string::npos ? serve.host : '[' + serve.host + ']';
  const std::string address = "http://" + host + ':' + std::to_string(*port);
  note(options,
       "serving " + history.workspace.project_directory() + " to MLflow clients; end with Ctrl+C");
  if (!token_file.empty())
    note(options, "clients need the token in " + token_file + " as MLFLOW_TRACKING_TOKEN");
  print_result(options, Value::Map{{"trackingUri", address}, {"port", *port}});
  std::cout.flush();
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int /*signal*/) {
    if (!error) listener.finish([&loop] { loop.stop(); });
  });
  loop.run();
  return kExitDone;
}

}  // namespace

void add_serve_command(Program& program) {
  const auto chosen = std::make_shared<ServeOptions>();
  CLI::App* command = add_command(
      program,
      program.app,
      "serve",
      "Let MLflow clients read the runs, metrics, artifacts and models of this workspace",
      "hdrive serve\nhdrive serve --host 0.0.0.0 --port 5001",
      [chosen](const CommonOptions& options) { return serve(options, *chosen); });
  command->add_option("--port", chosen->port, "Port; 0 takes a free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command
      ->add_option("--host",
                   chosen->host,
                   "Address to listen on; any but 127.0.0.1 and ::1 needs a token, which is made")
      ->capture_default_str();
  command->add_option(
      "--token-file", chosen->token_file, "File with the token that clients must send");
  command->add_flag("--resume", chosen->resume, "First take up the runs whose engine died");
}

}  // namespace hd
