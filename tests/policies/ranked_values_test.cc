#include "policies/ranked_values.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/rng.h"
#include "tests/policies/policy_support.h"

namespace hd {
namespace {

TEST(KeyTrees, KeepsCopiesApartFromOtherKeys) {
  KeyTrees trees;
  KeyTrees::Root root = KeyTrees::kEmpty;
  for (const KeyTrees::Key key : {5, 3, 5, 8, 5}) trees.insert(root, key);
  EXPECT_EQ(trees.size(root), 5);
  EXPECT_EQ(trees.count_below(root, 5), 1);
  EXPECT_EQ(trees.count_below(root, 6), 4);
  trees.erase(root, 5);
  EXPECT_EQ(trees.count_below(root, 6), 3);
  trees.erase(root, 5);
  trees.erase(root, 5);
  EXPECT_EQ(trees.size(root), 2);
  EXPECT_EQ(trees.count_below(root, 6), 1);
}

TEST(KeyTrees, SelectsFromTheUnionLikeASortedList) {
  Rng rng(1, RngPurpose::kTest, 1);
  KeyTrees trees;
  std::vector<KeyTrees::Root> sets(5, KeyTrees::kEmpty);
  std::vector<std::pair<std::size_t, KeyTrees::Key>> all;
  for (int i = 0; i < 600; ++i) {
    const std::size_t set = rng.next_below(sets.size());
    const auto key = static_cast<KeyTrees::Key>(rng.next_below(200)) - 100;
    trees.insert(sets[set], key);
    all.emplace_back(set, key);
  }
  for (int i = 0; i < 300; ++i) {
    const auto chosen = all.begin() + static_cast<std::ptrdiff_t>(rng.next_below(all.size()));
    trees.erase(sets[chosen->first], chosen->second);
    all.erase(chosen);
  }
  std::vector<KeyTrees::Key> sorted;
  for (const auto& [set, key] : all) sorted.push_back(key);
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    ASSERT_EQ(trees.select(sets, static_cast<int>(i)), sorted[i]) << "position " << i;
  }
}

TEST(RankedValues, KeepsTheOrderOfAllKindsOfNumbers) {
  const std::vector<double> worst_first = {
      kNaN, -kInfinity, -1e300, -1, -5e-324, 0, 5e-324, 1, 1e300, kInfinity};
  RankedValues up(Goal::kMaximize, false);
  RankedValues down(Goal::kMinimize, false);
  for (std::size_t i = 0; i < worst_first.size(); ++i) {
    const std::size_t from_end = worst_first.size() - 1 - i;
    up.append(static_cast<int>(i), worst_first[from_end], true);
    down.append(static_cast<int>(i), -worst_first[from_end], true);
  }
  for (std::size_t i = 1; i < worst_first.size(); ++i) {
    EXPECT_EQ(up.at(1, static_cast<int>(i)), worst_first[i]);
    EXPECT_EQ(down.at(1, static_cast<int>(i)), -worst_first[i]);
    EXPECT_EQ(up.worse(1, worst_first[i]), static_cast<int>(i));
  }
  EXPECT_TRUE(std::isnan(up.at(1, 0)));
  EXPECT_EQ(up.worse(1, kNaN), 0);
}

TEST(RankedValues, NegativeZeroTiesWithZero) {
  RankedValues values(Goal::kMaximize, false);
  values.append(0, -0.0, true);
  values.append(1, 0.0, true);
  EXPECT_EQ(values.worse(1, 0.0), 0);
  EXPECT_EQ(values.worse(1, -0.0), 0);
}

TEST(RankedValues, RunsWithShortListsCountByTheirLatestFigure) {
  RankedValues values(Goal::kMaximize, true);
  for (int i = 1; i <= 9; ++i) values.append(0, i, true);       // 1 ... 9
  for (int i = 1; i <= 4; ++i) values.append(1, 10 * i, true);  // 10 ... 40
  values.append(2, 100, true);
  EXPECT_EQ(values.at(2, 0), 2);
  EXPECT_EQ(values.at(2, 1), 20);
  EXPECT_EQ(values.at(2, 2), 100);
  EXPECT_EQ(values.at(9, 0), 9);
  EXPECT_EQ(values.at(9, 1), 40);
  EXPECT_EQ(values.at(9, 2), 100);
  values.remove(1);
  EXPECT_EQ(values.size(), 2);
  EXPECT_EQ(values.at(3, 1), 100);
  EXPECT_EQ(values.at(9, 0), 9);
}

TEST(RankedValues, AgreesWithSortingAfterManyAppendsAndRemovals) {
  Rng rng(2, RngPurpose::kTest, 2);
  RankedValues values(Goal::kMaximize, true);
  std::vector<std::vector<double>> lists(40);
  std::vector<bool> removed(lists.size(), false);
  for (int step = 0; step < 3000; ++step) {
    const std::size_t child = rng.next_below(lists.size());
    if (removed[child]) continue;
    if (rng.next_below(200) == 0) {
      removed[child] = true;
      lists[child].clear();
      values.remove(static_cast<int>(child));
      continue;
    }
    const bool repeats = !lists[child].empty() && rng.next_below(2) == 0;
    const double figure = repeats ? lists[child].back() : static_cast<double>(rng.next_below(50));
    lists[child].push_back(figure);
    values.append(static_cast<int>(child), figure, true);
    const std::size_t interval = 1 + rng.next_below(lists[child].size());
    std::vector<double> expected;
    for (const auto& list : lists) {
      if (!list.empty()) expected.push_back(list[std::min(interval, list.size()) - 1]);
    }
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(values.size(), static_cast<int>(expected.size()));
    const std::size_t position = rng.next_below(expected.size());
    ASSERT_EQ(values.at(static_cast<int>(interval), static_cast<int>(position)),
              expected[position]);
  }
}

}  // namespace
}  // namespace hd
