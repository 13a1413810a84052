#include "engine/core/rng.h"

#include <cstdint>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace hd {
namespace {

TEST(Philox, GivesThePublishedAnswers) {
  // The known answers published with the generator for ten rounds.
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, IsAFunctionOfSeedPurposeAndIndex) {
  const auto first = [](std::uint64_t seed, RngPurpose purpose, std::uint64_t index) {
    return Rng(seed, purpose, index).next_u64();
  };
  const std::set<std::uint64_t> numbers = {first(1, RngPurpose::kTest, 0),
                                           first(2, RngPurpose::kTest, 0),
                                           first(std::uint64_t{1} << 32, RngPurpose::kTest, 0),
                                           first(1, RngPurpose::kRandomSampling, 0),
                                           first(1, RngPurpose::kTest, 1),
                                           first(1, RngPurpose::kTest, std::uint64_t{1} << 32)};
  EXPECT_EQ(numbers.size(), 6u);
  EXPECT_EQ(first(1, RngPurpose::kTest, 0), first(1, RngPurpose::kTest, 0));
}

TEST(Rng, ReadsTheBlocksOfItsStreamInOrder) {
  Rng rng(7, RngPurpose::kTest, 9);
  const auto purpose = static_cast<std::uint32_t>(RngPurpose::kTest);
  for (std::uint32_t block = 0; block < 3; ++block) {
    const PhiloxBlock words = philox4x32({block, purpose, 9, 0}, {7, 0});
    EXPECT_EQ(rng.next_u64(), (std::uint64_t{words[1]} << 32) | words[0]);
    EXPECT_EQ(rng.next_u64(), (std::uint64_t{words[3]} << 32) | words[2]);
  }
}

TEST(Rng, UnitNumbersLieInTheHalfOpenIntervalWithTheRightMean) {
  Rng rng(3, RngPurpose::kTest, 0);
  constexpr int kDraws = 20000;
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.next_unit();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
  }
  // Five standard deviations of the mean: 5 * sqrt(1 / 12 / 20000) = 0.0102.
  EXPECT_NEAR(sum / kDraws, 0.5, 0.0102);
}

TEST(Rng, BoundedNumbersAreUnbiased) {
  Rng rng(4, RngPurpose::kTest, 0);
  constexpr std::uint64_t kBound = 6;
  constexpr int kDraws = 12000;
  std::vector<int> counts(kBound, 0);
  for (int i = 0; i < kDraws; ++i) {
    const std::uint64_t number = rng.next_below(kBound);
    ASSERT_LT(number, kBound);
    ++counts[number];
  }
  double chi_square = 0;
  for (const int count : counts) {
    const double expected = static_cast<double>(kDraws) / kBound;
    chi_square += (count - expected) * (count - expected) / expected;
  }
  EXPECT_LT(chi_square, 20.5);  // 99.9 % point with 5 degrees of freedom
}

TEST(Rng, BoundedNumbersReachBothEnds) {
  Rng rng(5, RngPurpose::kTest, 0);
  EXPECT_EQ(rng.next_below(1), 0u);
  // With this bound almost half of the raw numbers must be drawn again.
  const std::uint64_t bound = (std::uint64_t{1} << 63) + 1;
  for (int i = 0; i < 100; ++i) EXPECT_LT(rng.next_below(bound), bound);
}

}  // namespace
}  // namespace hd
