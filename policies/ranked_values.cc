#include "policies/ranked_values.h"

#include <bit>
#include <cmath>
#include <limits>

namespace hd {
namespace {

constexpr KeyTrees::Key kNaNKey = std::numeric_limits<KeyTrees::Key>::min();

constexpr std::size_t lowest_bit(std::size_t i) { return i & (~i + 1); }

std::size_t position(int i) { return static_cast<std::size_t>(i); }

}  // namespace

/// Keys order figures from worst to best: the bits of a positive double count up with its value,
/// and those of a negative one are turned round.
RankedValues::Key RankedValues::key(double figure) const {
  if (std::isnan(figure)) return kNaNKey;
  const double larger_is_better = (goal_ == Goal::kMaximize ? figure : -figure) + 0.0;  // no -0.0
  const auto bits = std::bit_cast<Key>(larger_is_better);
  return bits >= 0 ? bits : std::numeric_limits<Key>::min() - bits;
}

double RankedValues::figure(Key key) const {
  if (key == kNaNKey) return std::numeric_limits<double>::quiet_NaN();
  const Key bits = key >= 0 ? key : std::numeric_limits<Key>::min() - key;
  const auto larger_is_better = std::bit_cast<double>(bits);
  return (goal_ == Goal::kMaximize ? larger_is_better : -larger_is_better) + 0.0;
}

/// Makes room for lists of `length`.
void RankedValues::reach(int length) {
  const std::size_t needed = position(length);
  if (reached_.size() <= needed) reached_.resize(needed + 1, KeyTrees::kEmpty);
  while (latest_.size() <= needed) {
    const std::size_t capacity = latest_.empty() ? 1 : 2 * (latest_.size() - 1);
    latest_.resize(capacity + 1, KeyTrees::kEmpty);
    // Of the new sets only the last one covers lengths that occur already: it covers all of them.
    for (const Child& child : children_) {
      if (child.length > 0) trees_.insert(latest_[capacity], child.latest);
    }
  }
}

/// Carries the child's latest figure from its length to the next. The two ways up the Fenwick tree
/// soon meet; from there on nothing changes unless the figure does.
void RankedValues::move_latest(const Child& child, Key to) {
  std::size_t old_at = position(child.length);
  std::size_t new_at = old_at + 1;
  while (old_at != new_at) {
    if (old_at == 0 || new_at < old_at) {
      if (new_at >= latest_.size()) return;
      trees_.insert(latest_[new_at], to);
      new_at += lowest_bit(new_at);
    } else {
      trees_.erase(latest_[old_at], child.latest);
      old_at += lowest_bit(old_at);
    }
  }
  if (child.latest == to) return;
  for (; new_at < latest_.size(); new_at += lowest_bit(new_at)) {
    trees_.erase(latest_[new_at], child.latest);
    trees_.insert(latest_[new_at], to);
  }
}

void RankedValues::append(int index, double figure, bool comparable) {
  if (children_.size() <= position(index)) children_.resize(position(index) + 1);
  Child& child = children_[position(index)];
  reach(child.length + 1);
  const Key latest = key(figure);
  move_latest(child, latest);
  if (child.length == 0) ++size_;
  const bool changed = child.length == 0 || child.latest != latest;
  ++child.length;
  child.latest = latest;
  if (removable_ && changed) child.changes.emplace_back(child.length, latest);
  if (comparable) trees_.insert(reached_[position(child.length)], latest);
}

void RankedValues::remove(int index) {
  if (children_.size() <= position(index) || children_[position(index)].length == 0) return;
  Child& child = children_[position(index)];
  for (std::size_t at = position(child.length); at < latest_.size(); at += lowest_bit(at)) {
    trees_.erase(latest_[at], child.latest);
  }
  std::size_t change = 0;
  for (int interval = 1; interval <= child.length; ++interval) {
    if (change + 1 < child.changes.size() && child.changes[change + 1].first == interval) ++change;
    Root& set = reached_[position(interval)];
    // A set where nobody will ask was never filled.
    if (set != KeyTrees::kEmpty) trees_.erase(set, child.changes[change].second);
  }
  child = Child{};
  --size_;
}

/// At most one set per bit of the interval, and the one of those that reached it.
RankedValues::Sets RankedValues::sets_at(int interval) const {
  Sets sets;
  sets.add(reached_[position(interval)]);
  for (std::size_t at = position(interval - 1); at > 0; at -= lowest_bit(at)) sets.add(latest_[at]);
  return sets;
}

int RankedValues::worse(int interval, double figure) const {
  const Key limit = key(figure);
  int count = 0;
  const Sets sets = sets_at(interval);
  for (const Root set : sets.all()) count += trees_.count_below(set, limit);
  return count;
}

double RankedValues::at(int interval, int position_from_worst) const {
  const Sets sets = sets_at(interval);
  return figure(trees_.select(sets.all(), position_from_worst));
}

}  // namespace hd
