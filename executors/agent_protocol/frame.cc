#include "executors/agent_protocol/frame.h"

#include <cstdint>
#include <utility>

namespace hd {
namespace {

constexpr std::size_t kLongestLine = std::size_t{16} << 20U;
constexpr std::size_t kLargestBody = std::size_t{256} << 20U;

}  // namespace

std::string encode_frame(nlohmann::json head, std::string_view body) {
  if (!body.empty()) head["bytes"] = body.size();
  std::string text = head.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text += '\n';
  text += body;
  return text;
}

std::optional<Frame> FrameReader::next() {
  if (broken_) return std::nullopt;
  const std::size_t newline = pending_.find('\n', taken_);
  if (newline == std::string::npos) {
    pending_.erase(0, std::exchange(taken_, 0));
    broken_ = pending_.size() > kLongestLine;
    return std::nullopt;
  }
  Frame frame;
  frame.head = nlohmann::json::parse(
      std::string_view(pending_).substr(taken_, newline - taken_), nullptr, false);
  std::size_t size = 0;
  if (frame.head.is_object()) {
    const auto bytes = frame.head.find("bytes");
    if (bytes != frame.head.end() && bytes->is_number_unsigned()) size = bytes->get<std::size_t>();
  }
  broken_ = !frame.head.is_object() || size > kLargestBody;
  if (broken_ || pending_.size() - newline - 1 < size) return std::nullopt;
  frame.body = pending_.substr(newline + 1, size);
  taken_ = newline + 1 + size;
  if (taken_ == pending_.size()) {
    pending_.clear();
    taken_ = 0;
  }
  return frame;
}

}  // namespace hd
