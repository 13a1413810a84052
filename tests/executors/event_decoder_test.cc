#include "executors/supervisor/event_decoder.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/rng.h"
#include "tests/executors/event_file.h"

namespace hd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Found {
  std::string tag;
  double value = 0;
  std::int64_t step = 0, wall_time_us = 0;
  friend bool operator==(const Found&, const Found&) = default;
};

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

std::vector<Found> feed(EventDecoder& decoder, std::string_view bytes, std::size_t piece = 4096) {
  std::vector<Found> found;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    decoder.feed(bytes.substr(at, piece), [&](const EventScalar& scalar) {
      found.push_back({std::string(scalar.tag), scalar.value, scalar.step, scalar.wall_time_us});
    });
  }
  return found;
}

std::vector<Found> decoded(std::string_view bytes, std::size_t piece = 4096) {
  EventDecoder decoder;
  return feed(decoder, bytes, piece);
}

// Written by other programs: the version record, a scalar of PyTorch's form, one of TensorFlow 2's.
const std::string kVersion =
    from_hex("1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d");
const std::string kScalar = from_hex(
    "1a00000000000000129bd82d0900002040fc54d94110072a0d0a0b0a046c6f7373150000803ec576518e");
const std::string kTensor = from_hex(
    "2e00000000000000c5cb57fa0900002040fc54d94110072a210a1f0a046c6f73734a0b0a090a077363616c61"
    "7273420a0801120022040000803eb01e0d06");

const Found kLoss{"loss", 0.25, 7, 1'700'000'000'500'000};

TEST(EventDecoder, ReadsBothFormsOfAScalar) {
  EXPECT_THAT(decoded(kVersion), IsEmpty());
  EXPECT_THAT(decoded(kVersion + kScalar), ElementsAre(kLoss));
  EXPECT_THAT(decoded(kVersion + kTensor), ElementsAre(kLoss));
  // What the other tests write is the same.
  EXPECT_EQ(testing::event_record(testing::tensor_event("loss", 7, 0.25F, true)), kTensor);
  EXPECT_THAT(decoded(testing::event_record(testing::scalar_event("loss", 7, 0.25F))),
              ElementsAre(kLoss));
}

TEST(EventDecoder, ReadsPiecesOfAnySize) {
  const std::string file = kVersion + kScalar + kScalar;
  for (std::size_t piece = 1; piece <= file.size(); ++piece) {
    EXPECT_THAT(decoded(file, piece), ElementsAre(kLoss, kLoss)) << piece;
  }
}

TEST(EventDecoder, WaitsForTheRestOfARecord) {
  const std::string file = kVersion + kScalar;
  for (std::size_t cut = 0; cut < file.size(); ++cut) {
    EventDecoder decoder;
    EXPECT_THAT(feed(decoder, file.substr(0, cut)), IsEmpty()) << cut;
    EXPECT_FALSE(decoder.is_broken()) << cut;
    EXPECT_THAT(feed(decoder, file.substr(cut)), ElementsAre(kLoss)) << cut;
  }
}

TEST(EventDecoder, PassesOverADamagedRecordAndEndsAtADamagedLength) {
  for (std::size_t at = 0; at < kScalar.size(); ++at) {
    std::string damaged = kScalar;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EventDecoder decoder;
    const std::vector<Found> found = feed(decoder, kVersion + damaged + kScalar);
    if (at < 12) {
      EXPECT_TRUE(decoder.is_broken()) << at;
      EXPECT_THAT(found, IsEmpty()) << at;
    } else {
      EXPECT_THAT(found, ElementsAre(kLoss)) << at;
      EXPECT_EQ(decoder.damaged_records(), 1) << at;
    }
  }
}

TEST(EventDecoder, RemembersWhichTagsAreScalars) {
  using testing::event_record;
  using testing::tensor_event;
  EventDecoder decoder;
  // Only the first event of a tag names the plugin.
  EXPECT_THAT(feed(decoder, event_record(tensor_event("weights", 1, 1.0F, false))), IsEmpty());
  EXPECT_THAT(feed(decoder, event_record(tensor_event("loss", 1, 0.5F, true))), SizeIs(1));
  EXPECT_THAT(feed(decoder, event_record(tensor_event("loss", 2, 0.25F, false))), SizeIs(1));
  EXPECT_THAT(feed(decoder, event_record(tensor_event("weights", 2, 1.0F, false))), IsEmpty());
}

TEST(EventDecoder, ReadsEveryKindOfNumber) {
  using namespace testing;
  const auto value_of = [](std::uint64_t type, const std::string& tensor_rest) {
    const std::string tensor = varint_field(1, type) + tensor_rest;
    const std::vector<Found> found =
        decoded(event_record(summary_event("x", 1, bytes_field(8, tensor) + scalar_metadata())));
    return found.size() == 1 ? found[0].value : std::nan("");
  };
  const auto raw = [](auto number) {
    std::string bytes(sizeof number, '\0');
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
  };
  EXPECT_EQ(value_of(1, bytes_field(4, raw(0.5F))), 0.5);
  EXPECT_EQ(value_of(2, bytes_field(4, raw(-0.1))), -0.1);
  EXPECT_EQ(value_of(3, bytes_field(4, raw(std::int32_t{-7}))), -7);
  EXPECT_EQ(value_of(9, bytes_field(4, raw(std::int64_t{1} << 40))), 1099511627776.0);
  EXPECT_EQ(value_of(19, bytes_field(4, raw(std::uint16_t{0x3800}))), 0.5);
  EXPECT_EQ(value_of(19, bytes_field(4, raw(std::uint16_t{0xfc00}))), -INFINITY);
  EXPECT_EQ(value_of(19, bytes_field(4, raw(std::uint16_t{0x0001}))), std::ldexp(1, -24));
  EXPECT_EQ(value_of(14, bytes_field(4, raw(std::uint16_t{0x3f00}))), 0.5);
  EXPECT_EQ(value_of(1, bytes_field(5, raw(0.5F))), 0.5);
  EXPECT_EQ(value_of(2, bytes_field(6, raw(0.5))), 0.5);
  EXPECT_EQ(value_of(3, varint_field(7, 9)), 9);
  EXPECT_EQ(value_of(9, bytes_field(10, "\x09")), 9);
  EXPECT_EQ(value_of(9, varint_field(10, ~std::uint64_t{0})), -1);
  // More than one number is no scalar.
  EXPECT_TRUE(std::isnan(value_of(1, bytes_field(4, raw(0.5F) + raw(0.5F)))));
  EXPECT_TRUE(std::isnan(value_of(3, varint_field(7, 9) + varint_field(7, 9))));
  EXPECT_TRUE(std::isnan(value_of(7, bytes_field(4, "text"))));
}

TEST(EventDecoder, ReadsSeveralValuesOfOneEvent) {
  using namespace testing;
  std::string summary;
  for (const char* tag : {"a", "b"}) {
    summary += bytes_field(1, bytes_field(1, tag) + float_field(2, 0.5F));
  }
  const std::string event = varint_field(2, 3) + bytes_field(5, summary);
  EXPECT_THAT(decoded(event_record(event)),
              ElementsAre(Found{"a", 0.5, 3, 0}, Found{"b", 0.5, 3, 0}));
}

TEST(EventDecoder, PassesOverLongRecordsWithoutKeepingThem) {
  const std::string picture(EventDecoder::kLongestRecord + 1, 'p');
  const std::string file = kVersion + testing::event_record(picture) + kScalar;
  for (const std::size_t piece : {std::size_t{1000}, std::size_t{65536}, file.size()}) {
    EXPECT_THAT(decoded(file, piece), ElementsAre(kLoss));
  }
}

TEST(EventDecoder, TakesAnyBytes) {
  Rng rng(1, RngPurpose::kTest, 0);
  for (int round = 0; round < 2000; ++round) {
    std::string noise(rng.next_below(60), '\0');
    for (char& byte : noise) byte = static_cast<char>(rng.next_below(256));
    // In a sound record, so that the reading of messages meets them.
    (void)decoded(kVersion + testing::event_record(noise) + noise);
    std::string changed = testing::tensor_event("loss", 7, 0.25F, true);
    changed[rng.next_below(changed.size())] = static_cast<char>(rng.next_below(256));
    (void)decoded(testing::event_record(changed));
  }
}

}  // namespace
}  // namespace hd
