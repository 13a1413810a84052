#include "executors/ssh/agent_connection.h"

#include <sys/utsname.h>

#include <boost/asio/post.hpp>

namespace hd {
namespace {

/// Runs under whatever login shell the user has there, so it is one word for it. All that varies
/// comes over standard input: no text of ours is ever put together for a shell.
constexpr const char* kBootScript =
    "exec sh -c '"
    "umask 077; echo hdrive-boot $(uname -s) $(uname -m); "
    "IFS= read -r w && read -r v && read -r s && read -r a || exit 1; "
    "case \"$w\" in \"~/\"*) w=\"$HOME/${w#??}\";; esac; "
    "mkdir -p \"$w/programs/$v\" && cd \"$w\" || { echo hdrive-failed use the work folder \"$w\"; "
    "exit 1; }; "
    "p=\"programs/$v\"; t=\"$p/new.$$\"; "
    "store() { head -c \"$1\" > \"$t\" && test $(wc -c < \"$t\") -eq \"$1\" && chmod 700 \"$t\" && "
    "mv -f \"$t\" \"$p/$2\"; }; "
    "if test -x \"$p/hdrive-agent\" && test -x \"$p/hdrive-supervisor\"; then :; else "
    "echo hdrive-send; store \"$s\" hdrive-supervisor && echo hdrive-next && "
    "store \"$a\" hdrive-agent || { rm -f \"$t\"; echo hdrive-failed store the programs in \"$w\"; "
    "exit 1; }; fi; "
    "echo hdrive-ready; exec \"$p/hdrive-agent\"'";

/// Shell start-up files may print something first.
constexpr std::size_t kMostNoise = std::size_t{1} << 20U;

std::string own_platform() {
  utsname names{};
  ::uname(&names);
  return std::string(names.sysname) + " " + names.machine;
}

bool is_short(const std::string& errors) {
  return errors.find("No space left") != std::string::npos ||
         errors.find("quota exceeded") != std::string::npos ||
         errors.find("Cannot allocate") != std::string::npos;
}

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

}  // namespace

AgentConnection::AgentConnection(boost::asio::io_context& loop,
                                 const HostAccess& access,
                                 const RemoteHost& host,
                                 Events events)
    : loop_(loop), access_(access), host_(host), events_(std::move(events)), timer_(loop) {}

AgentConnection::~AgentConnection() {
  if (process_) process_->kill();
}

void AgentConnection::open() {
  auto started = SshProcess::start(loop_,
                                   ssh_command(access_.target, host_, access_.askpass, kBootScript),
                                   {[this](std::string_view bytes) { take(bytes); },
                                    [this] {
                                      if (stage_ == Stage::kOpen) events_.has_room();
                                    },
                                    [this] { on_closed(); }});
  if (started) {
    process_ = std::move(*started);
    return limit_silence();
  }
  boost::asio::post(loop_,
                    [this, message = started.error().message, alive = std::weak_ptr<int>(alive_)] {
                      if (!alive.expired()) fail({message, true});
                    });
}

void AgentConnection::send(std::string frame) { process_->send(std::move(frame)); }

bool AgentConnection::has_room() const { return process_->has_room(); }

void AgentConnection::finish() {
  if (!process_) return;
  if (stage_ == Stage::kOpen) process_->finish();
  process_->kill();
}

void AgentConnection::take(std::string_view bytes) {
  if (stage_ == Stage::kOpen || stage_ == Stage::kReady) {
    reader_.feed(bytes);
    return take_frames();
  }
  lines_ += bytes;
  const std::weak_ptr<int> alive = alive_;
  for (std::size_t end = lines_.find('\n'); end != std::string::npos; end = lines_.find('\n')) {
    std::string line = lines_.substr(0, end);
    lines_.erase(0, end + 1);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!take_line(line)) return;
    if (stage_ != Stage::kReady) continue;
    reader_.feed(std::exchange(lines_, {}));
    return take_frames();
  }
  if (lines_.size() > kMostNoise) fail({host_text(host_) + " prints without end at login", true});
}

// Between the login and the shell, and between the start of the agent and its greeting, nothing is
// on its way that could take long.
void AgentConnection::limit_silence() {
  timer_.expires_after(access_.login_patience);
  timer_.async_wait(
      [this, alive = std::weak_ptr<int>(alive_)](const boost::system::error_code& error) {
        if (error || alive.expired() || stage_ == Stage::kPrograms || stage_ == Stage::kOpen)
          return;
        fail({host_text(host_) + " is connected, but " +
              (stage_ == Stage::kLogin ? "its login shell gives no sign of life"
                                       : "hdrive-agent gives no sign of life there")});
      });
}

// False when this was the end of the connection.
bool AgentConnection::take_line(const std::string& line) {
  const std::weak_ptr<int> alive = alive_;
  if (line.starts_with("hdrive-boot ")) {
    check_platform(line);
  } else if (line == "hdrive-send") {
    stage_ = Stage::kPrograms;
    send(access_.programs.supervisor);
  } else if (line == "hdrive-next") {
    send(access_.programs.agent);
  } else if (line == "hdrive-ready") {
    stage_ = Stage::kReady;
    limit_silence();
  } else if (line.starts_with("hdrive-failed ")) {
    failed_step_ = line.substr(line.find(' ') + 1);
  }
  return !alive.expired() && process_ != nullptr;
}

void AgentConnection::check_platform(const std::string& line) {
  const std::string platform = line.substr(line.find(' ') + 1);
  if (platform != own_platform()) {
    return fail({host_text(host_) + " is a machine of another kind (" + platform +
                     "); the programs of this installation run on " + own_platform(),
                 true});
  }
  send(access_.target.work_folder + "\n" + access_.programs.version + "\n" +
       std::to_string(access_.programs.supervisor.size()) + "\n" +
       std::to_string(access_.programs.agent.size()) + "\n");
}

void AgentConnection::take_frames() {
  const std::weak_ptr<int> alive = alive_;
  try {
    while (const auto frame = reader_.next()) {
      if (stage_ == Stage::kReady) {
        greet(*frame);
      } else {
        const auto received = events_.received;
        received(*frame);
      }
      if (alive.expired()) return;
    }
  } catch (const nlohmann::json::exception& error) {
    if (!alive.expired()) {
      fail({"the agent on " + host_text(host_) + " says what it should not: " + error.what()});
    }
    return;
  }
  if (reader_.is_broken()) {
    fail({"the agent on " + host_text(host_) + " says what cannot be understood"});
  }
}

void AgentConnection::greet(const Frame& frame) {
  HostGreeting greeting;
  greeting.host = frame.head.at("host");
  greeting.boot_id = frame.head.at("boot_id");
  greeting.work = frame.head.at("work");
  greeting.python = frame.head.at("python");
  std::string_view rest = frame.body;
  for (std::size_t end = rest.find('\0'); end != std::string_view::npos; end = rest.find('\0')) {
    const std::string_view entry = rest.substr(0, end);
    const std::size_t equals = entry.find('=');
    if (equals != std::string_view::npos) {
      greeting.environment.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
    }
    rest.remove_prefix(end + 1);
  }
  stage_ = Stage::kOpen;
  const auto ready = events_.ready;
  ready(greeting);
}

void AgentConnection::on_closed() {
  const std::string& errors = process_->errors();
  if (!failed_step_.empty() || stage_ == Stage::kPrograms) {
    return fail({"cannot " + (failed_step_.empty() ? "store the programs" : failed_step_) + " on " +
                     host_text(host_) + (errors.empty() ? "" : ": " + one_line(errors)),
                 !is_short(errors)});
  }
  if (stage_ == Stage::kReady) {
    return fail({"the agent on " + host_text(host_) +
                     " did not start: " + (errors.empty() ? "no reason given" : one_line(errors)),
                 true});
  }
  if (stage_ == Stage::kOpen) {
    return fail({"the connection to " + host_text(host_) + " ended" +
                 (errors.empty() ? "" : ": " + one_line(errors))});
  }
  fail(explain_ssh_errors(access_.target, host_, errors));
}

void AgentConnection::fail(const ConnectionTrouble& trouble) {
  if (process_) process_->kill();
  process_.reset();
  const auto closed = std::exchange(events_, {}).closed;
  if (closed) closed(trouble);
}

}  // namespace hd
