// What a script may write as a TensorBoard event file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "executors/supervisor/event_decoder.h"
#include "tests/executors/event_file.h"

namespace {

using Found = std::vector<std::pair<std::string, std::int64_t>>;

Found decode(std::string_view bytes, std::size_t piece) {
  hd::EventDecoder decoder;
  Found found;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    decoder.feed(bytes.substr(at, piece), [&](const hd::EventScalar& scalar) {
      found.emplace_back(scalar.tag, scalar.step);
    });
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  // As a file, and as the message of a sound record: sums are not to be guessed.
  for (const std::string& file : {bytes, hd::testing::event_record(bytes)}) {
    const Found whole = decode(file, file.size() + 1);
    if (decode(file, 1 + size % 7) != whole) std::abort();
  }
  return 0;
}
