#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace hd {

/// One message between an engine and the agent on another machine (docs/targets.md): a line of
/// JSON, and behind it as many raw bytes as its member `bytes` says.
struct Frame {
  nlohmann::json head;
  std::string body;
};

/// Invalid UTF-8 in the head is replaced; what must arrive byte for byte belongs into the body.
[[nodiscard]] std::string encode_frame(nlohmann::json head, std::string_view body = {});

/// Puts frames together from bytes that arrive cut anywhere.
class FrameReader {
 public:
  void feed(std::string_view bytes) { pending_.append(bytes); }
  /// The next whole frame, if there is one. Nothing more comes once `is_broken`.
  [[nodiscard]] std::optional<Frame> next();
  /// What arrived is no frame, or a larger one than any that is sent.
  [[nodiscard]] bool is_broken() const { return broken_; }

 private:
  std::string pending_;
  std::size_t taken_ = 0;  ///< bytes of `pending_` that were given out
  bool broken_ = false;
};

/// Largest body of a frame that carries a part of a file.
inline constexpr std::size_t kFilePart = std::size_t{64} << 10U;

}  // namespace hd
