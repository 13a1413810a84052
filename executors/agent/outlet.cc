#include "executors/agent/outlet.h"

#include <utility>

#include <boost/asio/write.hpp>

namespace hd {
namespace {

constexpr std::size_t kRoom = std::size_t{256} << 10U;
/// The streams are in files: an engine that comes back reads them again from where it was.
constexpr std::size_t kMostWaiting = std::size_t{16} << 20U;

}  // namespace

Outlet::Outlet(boost::asio::posix::stream_descriptor output, std::function<void()> failed)
    : output_(std::move(output)), failed_(std::move(failed)) {}

bool Outlet::has_room() const { return waiting_bytes_ < kRoom; }

void Outlet::send(std::string frame) {
  waiting_bytes_ += frame.size();
  waiting_.push_back(std::move(frame));
  if (waiting_bytes_ > kMostWaiting) {
    if (failed_) std::exchange(failed_, nullptr)();
    return;
  }
  if (waiting_.size() == 1) write();
}

void Outlet::write() {
  boost::asio::async_write(output_,
                           boost::asio::buffer(waiting_.front()),
                           [this](const boost::system::error_code& error, std::size_t) {
                             if (error) {
                               if (failed_) std::exchange(failed_, nullptr)();
                               return;
                             }
                             waiting_bytes_ -= waiting_.front().size();
                             waiting_.pop_front();
                             if (!waiting_.empty()) write();
                             if (has_room() && on_room_) on_room_();
                           });
}

}  // namespace hd
