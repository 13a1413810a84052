#include "engine/core/utf8.h"

#include <cstddef>
#include <cstring>

namespace hd {

std::size_t utf8_length(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(position);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  unsigned low = 0x80;
  unsigned high = 0xBF;
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
  } else {
    return 0;
  }
  if (position + length > text.size()) return 0;
  if (byte(position + 1) < low || byte(position + 1) > high) return 0;
  for (std::size_t i = position + 2; i < position + length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

namespace {

// Position of the first malformed byte, or the size.
std::size_t first_malformed(std::string_view text, std::size_t position) {
  while (position < text.size()) {
    // Eight plain characters at a time: nearly all text is.
    while (position + 8 <= text.size()) {
      unsigned long long word = 0;
      std::memcpy(&word, text.data() + position, 8);
      if ((word & 0x8080808080808080ULL) != 0) break;
      position += 8;
    }
    if (position >= text.size()) break;
    const std::size_t length = utf8_length(text, position);
    if (length == 0) return position;
    position += length;
  }
  return text.size();
}

}  // namespace

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  const std::size_t position = first_malformed(text, 0);
  return position == text.size() ? std::nullopt : std::optional(position);
}

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t bad = first_malformed(text, position);
    out.append(text.substr(position, bad - position));
    if (bad == text.size()) break;
    out += "\xEF\xBF\xBD";
    position = bad + 1;
  }
  return out;
}

}  // namespace hd
