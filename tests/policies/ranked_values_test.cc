#include "policies/ranked_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
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
  EXPECT_EQ(trees.count_below(root, 5), 1);
  EXPECT_EQ(trees.count_below(root, 6), 4);
  trees.erase(root, 5);
  EXPECT_EQ(trees.count_below(root, 6), 3);
  trees.erase(root, 5);
  trees.erase(root, 5);
  EXPECT_EQ(trees.count_below(root, 6), 1);
  EXPECT_EQ(trees.count_below(root, 9), 2);
}

/// The sets of a KeyTrees beside plain sorted lists that say what they hold.
class SetsAndLists {
 public:
  explicit SetsAndLists(std::size_t count) : sets_(count, KeyTrees::kEmpty), lists_(count) {}

  void insert(std::size_t set, KeyTrees::Key key) {
    trees_.insert(sets_[set], key);
    lists_[set].insert(std::lower_bound(lists_[set].begin(), lists_[set].end(), key), key);
  }
  void erase(std::size_t set, std::size_t place) {
    const auto erased = lists_[set].begin() + static_cast<std::ptrdiff_t>(place);
    trees_.erase(sets_[set], *erased);
    lists_[set].erase(erased);
  }
  [[nodiscard]] std::size_t size(std::size_t set) const { return lists_[set].size(); }

  void expect_equal() const {
    std::vector<KeyTrees::Key> all;
    for (std::size_t set = 0; set < sets_.size(); ++set) {
      all.insert(all.end(), lists_[set].begin(), lists_[set].end());
    }
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < all.size(); ++i) {
      ASSERT_EQ(trees_.select(sets_, static_cast<int>(i)), all[i]) << "position " << i;
    }
    for (std::size_t set = 0; set < sets_.size(); ++set) {
      for (const KeyTrees::Key key : all) {
        const std::vector<KeyTrees::Key>& list = lists_[set];
        ASSERT_EQ(trees_.count_below(sets_[set], key),
                  std::lower_bound(list.begin(), list.end(), key) - list.begin());
      }
    }
  }

 private:
  KeyTrees trees_;
  std::vector<KeyTrees::Root> sets_;
  std::vector<std::vector<KeyTrees::Key>> lists_;
};

TEST(KeyTrees, AgreesWithSortedListsAfterManyInsertionsAndErasures) {
  // From nothing but ties to hardly any, from one set to as many as can be asked together.
  const std::vector<std::pair<std::size_t, std::uint64_t>> sets_and_keys = {
      {1, 1}, {1, 1000}, {2, 1}, {2, 3}, {3, 40}, {7, 5}, {7, 1000}, {KeyTrees::kMostSets, 200}};
  for (const auto& [sets, keys] : sets_and_keys) {
    SCOPED_TRACE(std::to_string(sets) + " sets, " + std::to_string(keys) + " keys");
    Rng rng(1, RngPurpose::kTest, sets * 1000 + keys);
    SetsAndLists both(sets);
    for (int step = 1; step <= 600; ++step) {
      // Sets of very different size: a set is a third as likely as the one before.
      std::size_t set = 0;
      while (set + 1 < sets && rng.next_below(3) == 0) ++set;
      const bool grows = step <= 400 ? rng.next_below(4) > 0 : rng.next_below(4) == 0;
      if (grows || both.size(set) == 0) {
        both.insert(set, static_cast<KeyTrees::Key>(rng.next_below(keys)) - 100);
      } else {
        both.erase(set, rng.next_below(both.size(set)));
      }
      if (step % 50 == 0) both.expect_equal();
    }
  }
}

TEST(KeyTrees, SelectsFromSetsThatDoNotOverlap) {
  SetsAndLists both(4);
  for (KeyTrees::Key key = 0; key < 40; ++key) both.insert(static_cast<std::size_t>(key / 10), key);
  both.expect_equal();
}

TEST(KeyTrees, SelectsTheExtremeKeysThereAre) {
  SetsAndLists both(2);
  for (const std::size_t set : {0U, 1U}) {
    both.insert(set, std::numeric_limits<KeyTrees::Key>::min());
    both.insert(set, std::numeric_limits<KeyTrees::Key>::max());
  }
  both.expect_equal();
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

/// What every child run has at an interval, worst first, from its whole list.
std::vector<double> sorted_at(const std::vector<std::vector<double>>& lists,
                              std::size_t interval,
                              Goal goal) {
  std::vector<double> figures;
  for (const auto& list : lists) {
    if (!list.empty()) figures.push_back(list[std::min(interval, list.size()) - 1]);
  }
  std::sort(
      figures.begin(), figures.end(), [&](double a, double b) { return is_better(goal, b, a); });
  return figures;
}

double any_figure(Rng& rng) {
  switch (rng.next_below(12)) {
    case 0:
      return kNaN;
    case 1:
      return kInfinity;
    case 2:
      return -kInfinity;
    case 3:
      return -0.0;
    case 4:
      return rng.next_unit();
    default:
      return static_cast<double>(rng.next_below(8)) - 4;  // many ties
  }
}

void expect_same_figure(double found, double expected) {
  if (std::isnan(expected)) {
    ASSERT_TRUE(std::isnan(found));
  } else {
    ASSERT_EQ(found, expected);
  }
}

TEST(RankedValues, AgreesWithSortingAfterManyAppendsAndRemovals) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(2, RngPurpose::kTest, seed);
    const Goal goal = seed % 2 == 0 ? Goal::kMaximize : Goal::kMinimize;
    RankedValues values(goal, true);
    std::vector<std::vector<double>> lists(5 * seed);
    std::vector<bool> removed(lists.size(), false);
    for (int step = 0; step < 1500; ++step) {
      const std::size_t child = rng.next_below(lists.size());
      if (removed[child]) continue;
      if (rng.next_below(200) == 0) {
        removed[child] = true;
        lists[child].clear();
        values.remove(static_cast<int>(child));
        continue;
      }
      const bool repeats = !lists[child].empty() && rng.next_below(2) == 0;
      const double figure = repeats ? lists[child].back() : any_figure(rng);
      lists[child].push_back(figure);
      values.append(static_cast<int>(child), figure, true);
      const std::size_t interval = 1 + rng.next_below(lists[child].size());
      const std::vector<double> expected = sorted_at(lists, interval, goal);
      ASSERT_EQ(values.size(), static_cast<int>(expected.size()));
      const std::size_t position = rng.next_below(expected.size());
      expect_same_figure(values.at(static_cast<int>(interval), static_cast<int>(position)),
                         expected[position]);
      const auto worse = std::count_if(expected.begin(), expected.end(), [&](double other) {
        return is_better(goal, figure, other);
      });
      ASSERT_EQ(values.worse(static_cast<int>(interval), figure), worse);
    }
  }
}

}  // namespace
}  // namespace hd
