#include "executors/agent/agent_session.h"

#include <chrono>
#include <memory>
#include <unistd.h>

#include "executors/agent/host_facts.h"
#include "executors/local/supervisor_process.h"
#include "executors/supervisor_protocol/attempt_spec.h"

namespace hd {
namespace {

constexpr std::chrono::milliseconds kLogInterval{500};
constexpr std::chrono::milliseconds kReleaseInterval{10};
constexpr int kMostTries = 1000;

FileSender::Key key_of(const Frame& frame) {
  return {frame.head.at("child").get<int>(), frame.head.at("attempt").get<int>()};
}

}  // namespace

AgentSession::AgentSession(boost::asio::io_context& loop,
                           std::string work,
                           int input,
                           int output,
                           std::chrono::milliseconds patience)
    : loop_(loop),
      work_(std::move(work)),
      input_(loop, input),
      outlet_(boost::asio::posix::stream_descriptor(loop, output), [&loop] { loop.stop(); }),
      teller_([this](std::string frame) { outlet_.send(std::move(frame)); }),
      executor_(loop, teller_),
      trees_(work_),
      files_(outlet_),
      timer_(loop),
      patience_(patience) {
  outlet_.on_room([this] { files_.pump(); });
  outlet_.send(encode_frame(greeting(work_), login_environment()));
  receive();
  tick();
}

void AgentSession::receive() {
  input_.async_read_some(boost::asio::buffer(buffer_),
                         [this](const boost::system::error_code& error, std::size_t size) {
                           if (error) return loop_.stop();
                           silence_ = std::chrono::milliseconds(0);
                           reader_.feed({buffer_.data(), size});
                           try {
                             while (const auto frame = reader_.next()) take(*frame);
                           } catch (const nlohmann::json::exception&) {
                             return loop_.stop();
                           }
                           if (reader_.is_broken()) return loop_.stop();
                           receive();
                         });
}

void AgentSession::tick() {
  timer_.expires_after(kLogInterval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    silence_ += kLogInterval;
    if (silence_ > patience_) return loop_.stop();
    files_.send_logs();
    tick();
  });
}

// Operations that this agent does not know are of newer engines, and ignored.
void AgentSession::take(const Frame& frame) {
  const auto op = frame.head.value("op", "");
  if (op == "run") {
    run_attempt(frame);
  } else if (op == "cancel") {
    const auto [child, attempt] = key_of(frame);
    executor_.request_cancel(child, attempt, frame.head.value("force", false));
  } else if (op == "plan") {
    const auto folder = frame.head.at("folder").get<std::string>();
    answer_tree(folder,
                is_inner_path(folder) ? trees_.plan(folder, frame.body)
                                      : Error{"no folder '" + folder + "' can be made here"});
  } else if (op == "put") {
    const auto folder = frame.head.at("folder").get<std::string>();
    answer_tree(
        folder,
        trees_.put(folder, frame.head.at("entry"), frame.body, frame.head.value("last", false)));
  } else if (op == "fetch") {
    send_files(key_of(frame), 0);
  } else if (op == "forget") {
    const auto key = key_of(frame);
    files_.forget(key);
    if (const auto found = directories_.find(key); found != directories_.end()) {
      if (frame.head.value("remove", false)) {
        remove_folder(found->second);
        // The folder of its run goes with the last attempt in it.
        ::rmdir(found->second.substr(0, found->second.rfind('/')).c_str());
      }
      directories_.erase(found);
    }
  } else if (op == "describe") {
    outlet_.send(encode_frame(describe_host(work_, frame.head.value("python", ""))));
  }
}

// The end is told before its record is written: the supervisor has to be done as well.
void AgentSession::send_files(FileSender::Key key, int tries) {
  const auto found = directories_.find(key);
  if (found == directories_.end()) return files_.send_nothing(key);
  const AttemptProbe probe = probe_attempt(found->second);
  if ((probe.known && !probe.alive) || tries >= kMostTries) return files_.send_all(key);
  auto timer = std::make_shared<boost::asio::steady_timer>(loop_, kReleaseInterval);
  timer->async_wait([this, key, tries, timer](const boost::system::error_code& error) {
    if (!error) send_files(key, tries + 1);
  });
}

void AgentSession::run_attempt(const Frame& frame) {
  const auto key = key_of(frame);
  auto spec = decode_attempt_spec(frame.body);
  const std::string runs = work_ + "/runs/";
  if (spec && !(spec->attempt_directory.starts_with(runs) &&
                is_inner_path(spec->attempt_directory.substr(runs.size())))) {
    spec = Error{"the attempt's directory " + spec->attempt_directory + " is not below " + runs};
  }
  if (!spec) {
    ExitStatus exit;
    exit.kind = ExitStatus::Kind::kNotStarted;
    exit.message = spec.error().message;
    return teller_.on_ended(key.first, key.second, std::move(exit));
  }
  directories_[key] = spec->attempt_directory;
  files_.follow_logs(key,
                     spec->attempt_directory,
                     {frame.head.at("logs").at(0).get<std::int64_t>(),
                      frame.head.at("logs").at(1).get<std::int64_t>()});
  // Whatever became of it before: not started yet, running, or over.
  executor_.adopt(*spec, frame.head.at("next").get<std::int64_t>());
}

void AgentSession::answer_tree(const std::string& folder,
                               const Result<TreeBuilder::Progress>& progress) {
  nlohmann::json head = {{"re", "tree"}, {"folder", folder}};
  if (!progress) {
    head["problem"] = progress.error().message;
    head["short"] = progress.error().may_pass;
  } else if (progress->built) {
    head["built"] = true;
  } else if (!progress->missing.empty()) {
    head["missing"] = progress->missing;
  } else {
    return;
  }
  outlet_.send(encode_frame(std::move(head)));
}

}  // namespace hd
