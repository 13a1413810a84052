#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "engine/core/metric.h"
#include "policies/key_trees.h"

namespace hd {

/// Where child runs stand at an interval. Every child run has a list of figures, one per interval
/// (its best so far, or its running average); at interval N it counts with figure min(N, length),
/// so that a run with fewer figures is compared by its latest. NaN ranks below every number.
///
/// With n child runs and lists of up to c figures, expected: `append` takes O(log c log n), or
/// O(log n) where the figure stays the same; `worse` O(log c log n); `at` O(log c log n) steps down
/// trees, each with a look at up to log c roots. Memory is 24 bytes per distinct figure of an
/// interval that can be asked for, and O(n log c) beside it.
class RankedValues {
 public:
  /// `removable`: `remove` will be used; costs 16 bytes per change of a figure.
  RankedValues(Goal goal, bool removable) : goal_(goal), removable_(removable) {}

  /// The child's next figure. `comparable`: queries at the interval it reaches will come.
  void append(int child, double figure, bool comparable);
  /// Forgets the child altogether.
  void remove(int child);

  /// Child runs with at least one figure.
  [[nodiscard]] int size() const { return size_; }
  /// How many figures at `interval` are worse than `figure`. The interval must have been appended
  /// as comparable by somebody; the same holds for `at`.
  [[nodiscard]] int worse(int interval, double figure) const;
  /// The figure at `position` of all at `interval`, worst first. Precondition: position < size().
  [[nodiscard]] double at(int interval, int position) const;

 private:
  using Key = KeyTrees::Key;
  using Root = KeyTrees::Root;
  struct Child {
    int length = 0;
    Key latest = 0;
    std::vector<std::pair<int, Key>> changes;  ///< interval, new key; only when removable
  };
  [[nodiscard]] Key key(double figure) const;
  [[nodiscard]] double figure(Key key) const;
  void move_latest(const Child& child, Key to);
  void reach(int length);
  /// The sets that together hold every child run's figure at an interval.
  struct Sets {
    std::array<Root, KeyTrees::kMostSets> roots;
    std::size_t count = 0;
    void add(Root root) {
      if (root != KeyTrees::kEmpty) roots[count++] = root;
    }
    [[nodiscard]] std::span<const Root> all() const& { return {roots.data(), count}; }
    std::span<const Root> all() const&& = delete;  // would outlive the sets
  };
  [[nodiscard]] Sets sets_at(int interval) const;

  Goal goal_;
  bool removable_;
  int size_ = 0;
  std::vector<Child> children_;
  KeyTrees trees_;
  /// [N] = figures at N of the children that reached N; empty where nobody will ask.
  std::vector<Root> reached_;
  /// Fenwick tree over list lengths: [i] = latest figures of the children whose length is in
  /// (i - lowest bit of i, i]. Its capacity is a power of two; [0] is not used.
  std::vector<Root> latest_;
};

}  // namespace hd
