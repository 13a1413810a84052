#include "engine/config/utf8.h"

namespace hd {

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  const auto byte_at = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  for (std::size_t at = 0; at < text.size();) {
    const unsigned char lead = byte_at(at);
    std::size_t length = 1;
    // The second byte's range excludes overlong forms, surrogates and anything above U+10FFFF.
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      length = 3;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      length = 4;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else if (lead >= 0x80) {
      return at;
    }
    if (at + length > text.size()) return at;
    for (std::size_t next = 1; next < length; ++next) {
      const unsigned char byte = byte_at(at + next);
      if (byte < (next == 1 ? low : 0x80) || byte > (next == 1 ? high : 0xBF)) return at;
    }
    at += length;
  }
  return std::nullopt;
}

}  // namespace hd
