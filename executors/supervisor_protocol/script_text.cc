#include "executors/supervisor_protocol/script_text.h"

#include <algorithm>
#include <array>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/utf8.h"

namespace hd {

std::string without_escapes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\x1b') {
      out += text[i];
      continue;
    }
    if (++i >= text.size()) break;
    if (text[i] == '[') {
      ++i;
      while (i < text.size() && (text[i] < '@' || text[i] > '~')) ++i;
    } else if (text[i] == ']') {
      while (i < text.size() && text[i] != '\a' && text[i] != '\x1b') ++i;
      if (i + 1 < text.size() && text[i] == '\x1b' && text[i + 1] == '\\') ++i;
    }
  }
  return out;
}

std::string log_tail(int descriptor) {
  constexpr int kLines = 20;
  constexpr off_t kBytes = 4096;
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || status.st_size == 0) return {};
  std::array<char, kBytes> bytes{};
  const off_t begin = std::max<off_t>(0, status.st_size - kBytes);
  const ssize_t got = ::pread(descriptor, bytes.data(), bytes.size(), begin);
  if (got <= 0) return {};
  std::string_view text(bytes.data(), static_cast<std::size_t>(got));
  if (begin > 0) {
    // The first line was cut somewhere, unless there is only that one.
    const std::size_t newline = text.find('\n');
    if (newline != std::string_view::npos && newline + 1 < text.size())
      text.remove_prefix(newline + 1);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  std::size_t start = text.size();
  for (int lines = 0; lines < kLines && start != std::string_view::npos; ++lines) {
    start = start == 0 ? std::string_view::npos : text.rfind('\n', start - 1);
  }
  if (start != std::string_view::npos) text.remove_prefix(start + 1);
  std::string out;
  for (const char c : to_valid_utf8(without_escapes(text))) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 || c == '\n' || c == '\t') out += c;
  }
  return out;
}

}  // namespace hd
