#include "executors/ssh/host_link.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/post.hpp>

namespace hd {
namespace {

constexpr std::chrono::seconds kSignInterval{5};

/// Longer and longer, so that a host that comes back is not overrun.
std::chrono::milliseconds pause_after(int failures) {
  constexpr int kShortest = 200;
  constexpr int kLongest = 10'000;
  return std::chrono::milliseconds(std::min(kLongest, kShortest << std::min(failures, 6)));
}

}  // namespace

HostLink::HostLink(boost::asio::io_context& loop,
                   const HostAccess& access,
                   const RemoteHost& host,
                   Events events)
    : loop_(loop), access_(access), host_(host), events_(std::move(events)), timer_(loop) {}

HostLink::~HostLink() { forget_uploads(); }

void HostLink::connect() {
  if (!std::exchange(begun_, true)) try_to_connect();
}

void HostLink::try_to_connect() {
  connection_ = std::make_unique<AgentConnection>(
      loop_,
      access_,
      host_,
      AgentConnection::Events{[this](const HostGreeting& greeting) { on_ready(greeting); },
                              [this](const Frame& frame) { take(frame); },
                              [this] { pump(); },
                              [this](const ConnectionTrouble& trouble) { on_closed(trouble); }});
  connection_->open();
}

void HostLink::on_ready(const HostGreeting& greeting) {
  was_restarted_ = !greeting_.boot_id.empty() && greeting_.boot_id != greeting.boot_id;
  greeting_ = greeting;
  up_ = true;
  failures_ = 0;
  trouble_.reset();
  give_signs_of_life();
  events_.up();
}

// An agent that hears nothing takes its engine for gone.
void HostLink::give_signs_of_life() {
  send(encode_frame({{"op", "ping"}}));
  timer_.expires_after(kSignInterval);
  timer_.async_wait(
      [this, alive = std::weak_ptr<int>(alive_)](const boost::system::error_code& error) {
        if (!error && !alive.expired() && up_) give_signs_of_life();
      });
}

void HostLink::on_closed(const ConnectionTrouble& trouble) {
  up_ = false;
  trouble_ = trouble;
  connection_.reset();
  built_.clear();
  forget_uploads();
  timer_.expires_after(pause_after(failures_++));
  timer_.async_wait(
      [this, alive = std::weak_ptr<int>(alive_)](const boost::system::error_code& error) {
        if (!error && !alive.expired()) try_to_connect();
      });
  events_.down(trouble);
}

void HostLink::send(std::string frame) {
  if (up_) connection_->send(std::move(frame));
}

void HostLink::finish() {
  timer_.cancel();
  up_ = false;
  if (connection_) connection_->finish();
  connection_.reset();
}

void HostLink::take(const Frame& frame) {
  if (frame.head.value("re", "") == "tree") return take_tree_answer(frame);
  events_.received(frame);
}

void HostLink::provide(const LocalTree& tree, TreeDone done) {
  if (built_.contains(tree.folder)) {
    boost::asio::post(loop_, [done = std::move(done)] { done(std::nullopt); });
    return;
  }
  Upload& upload = uploads_[tree.folder];
  upload.waiting.push_back(std::move(done));
  if (upload.waiting.size() > 1) return;
  upload.tree = tree;
  send(encode_frame({{"op", "plan"}, {"folder", tree.folder}}, encode_tree_plan(*tree.entries)));
}

void HostLink::take_tree_answer(const Frame& frame) {
  const auto folder = frame.head.at("folder").get<std::string>();
  const auto found = uploads_.find(folder);
  if (found == uploads_.end()) return;
  if (frame.head.contains("problem")) {
    return end_upload(
        folder,
        Error{frame.head.at("problem").get<std::string>() + " (on " + host_text(host_) + ")",
              frame.head.value("short", false)});
  }
  if (frame.head.value("built", false)) {
    built_[folder] = true;
    return end_upload(folder, std::nullopt);
  }
  for (const auto& entry : frame.head.at("missing")) {
    const auto index = entry.get<std::size_t>();
    if (index < found->second.tree.entries->size()) found->second.missing.push_back(index);
  }
  pump();
}

void HostLink::end_upload(const std::string& folder, const std::optional<Error>& error) {
  const auto found = uploads_.find(folder);
  if (found == uploads_.end()) return;
  if (found->second.file >= 0) ::close(found->second.file);
  const auto waiting = std::move(found->second.waiting);
  uploads_.erase(found);
  for (const TreeDone& done : waiting) done(error);
}

void HostLink::forget_uploads() {
  for (auto& [folder, upload] : uploads_) {
    if (upload.file >= 0) ::close(upload.file);
  }
  uploads_.clear();
}

void HostLink::pump() {
  for (auto next = uploads_.begin(); next != uploads_.end();) {
    const auto current = next++;
    while (up_ && connection_->has_room() && !current->second.missing.empty()) {
      if (send_part(current->first, current->second)) continue;
      const std::string folder = current->first;
      return end_upload(folder,
                        Error{"cannot read a file of " + current->second.tree.base + ": " +
                              std::strerror(errno)});
    }
  }
}

bool HostLink::send_part(const std::string& folder, Upload& upload) {
  const std::size_t index = upload.missing.front();
  const TreeEntry& entry = (*upload.tree.entries)[index];
  if (upload.file < 0) {
    const std::string path = upload.tree.base + "/" + entry.path;
    upload.file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    upload.offset = 0;
    if (upload.file < 0) return false;
  }
  std::string part(std::min<std::uint64_t>(kFilePart, entry.size - upload.offset), '\0');
  const ssize_t got =
      ::pread(upload.file, part.data(), part.size(), static_cast<off_t>(upload.offset));
  if (got < 0 || (got == 0 && !part.empty())) return false;
  part.resize(static_cast<std::size_t>(got));
  upload.offset += static_cast<std::uint64_t>(got);
  const bool is_last = upload.offset == entry.size;
  send(
      encode_frame({{"op", "put"}, {"folder", folder}, {"entry", index}, {"last", is_last}}, part));
  if (is_last) {
    ::close(std::exchange(upload.file, -1));
    upload.missing.pop_front();
  }
  return true;
}

}  // namespace hd
