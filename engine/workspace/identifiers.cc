#include "engine/workspace/identifiers.h"

#include <algorithm>
#include <cerrno>
#include <sys/random.h>
#include <system_error>
#include <vector>

#include "engine/core/error.h"

namespace hd {
namespace {

constexpr std::size_t kRunIdLimit = 256;
// Azure ML is said to have asked for 3 to 36; a name that it refused does no harm here.
constexpr std::size_t kExperimentLimit = 100;
constexpr std::size_t kFileNameLimit = 255;
constexpr std::size_t kQuotedLimit = 80;
constexpr std::string_view kHexDigits = "0123456789abcdef";

// Not <cctype>: the answer must not depend on the locale.
bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_word(char c) { return is_alphanumeric(c) || c == '_' || c == '-'; }

std::vector<unsigned char> random_bytes(int count) {
  std::vector<unsigned char> bytes(static_cast<std::size_t>(count));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw std::system_error(errno, std::generic_category(), "cannot get random numbers");
    }
    filled += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string hex(const std::vector<unsigned char>& bytes) {
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kHexDigits[byte >> 4U];
    text += kHexDigits[byte & 15U];
  }
  return text;
}

}  // namespace

std::string random_hex(int bytes) { return hex(random_bytes(bytes)); }

std::string new_parent_run_id() {
  std::vector<unsigned char> bytes = random_bytes(16);
  // Version 4 and the variant of RFC 4122.
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0fU) | 0x40U);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3fU) | 0x80U);
  std::string text = hex(bytes);
  for (const std::size_t dash : {20U, 16U, 12U, 8U}) text.insert(dash, 1, '-');
  return "HD_" + text;
}

std::string new_script_run_id(std::string_view experiment, std::int64_t unix_seconds) {
  require_experiment_name(experiment);
  return std::string(experiment) + "_" + std::to_string(unix_seconds) + "_" + random_hex(4);
}

bool is_valid_run_id(std::string_view id) {
  return !id.empty() && id.size() <= kRunIdLimit && is_alphanumeric(id.front()) &&
         std::all_of(id.begin(), id.end(), is_word);
}

void require_run_id(std::string_view id) {
  if (is_valid_run_id(id)) return;
  throw UsageError(quoted(id) + " is not a run id: expected 1 to 256 letters, digits, _ and -, " +
                       "starting with a letter or digit",
                   "`hdrive run list` shows the run ids of this workspace");
}

bool is_valid_experiment_name(std::string_view name) {
  return !name.empty() && name.size() <= kExperimentLimit && is_alphanumeric(name.front()) &&
         std::all_of(name.begin(), name.end(), is_word);
}

void require_experiment_name(std::string_view name) {
  if (is_valid_experiment_name(name)) return;
  std::string found;
  if (name.empty() || name.size() > kExperimentLimit) {
    found = "it has " + std::to_string(name.size());
  } else if (!is_alphanumeric(name.front())) {
    found = "it starts with " + quoted(name.substr(0, 1));
  } else {
    const auto* const bad = std::find_if_not(name.begin(), name.end(), is_word);
    found = "it contains " + quoted(std::string(1, *bad));
  }
  throw UsageError(
      "experiment name " + quoted(name) +
          " cannot be used: expected 1 to 100 letters, digits, _ and -, starting with " +
          "a letter or digit; " + found,
      "choose another name with -e");
}

void require_file_name(std::string_view name, std::string_view what) {
  const bool valid =
      !name.empty() && name.size() <= kFileNameLimit && is_alphanumeric(name.front()) &&
      std::all_of(name.begin(), name.end(), [](char c) { return is_word(c) || c == '.'; });
  if (valid) return;
  throw UsageError(std::string(what) + " " + quoted(name) +
                   " cannot be used: expected 1 to 255 letters, digits, ., _ and -, starting " +
                   "with a letter or digit");
}

bool is_valid_snapshot_id(std::string_view id) {
  return id.size() == 64 && std::all_of(id.begin(), id.end(), [](char c) {
           return kHexDigits.find(c) != std::string_view::npos;
         });
}

std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text.substr(0, kQuotedLimit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      result += "\\x";
      result += kHexDigits[byte >> 4U];
      result += kHexDigits[byte & 15U];
    } else {
      result += c;
    }
  }
  if (text.size() > kQuotedLimit) result += "...";
  return result + "'";
}

}  // namespace hd
