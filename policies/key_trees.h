#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hd {

/// Many ordered multisets of 64-bit keys that share one pool of nodes. A set is just the index of
/// its root, so that an empty one costs four bytes. Each set is a treap: expected O(log n) per
/// operation, n = its distinct keys; equal keys share a node.
class KeyTrees {
 public:
  using Key = std::int64_t;
  using Root = std::int32_t;
  static constexpr Root kEmpty = -1;
  static constexpr std::size_t kMostSets = 32;

  void insert(Root& root, Key key);
  /// Precondition: the set holds the key. One copy is erased.
  void erase(Root& root, Key key);

  /// How many keys of the set are below `key`.
  [[nodiscard]] int count_below(Root root, Key key) const;

  /// The key at `position` (from 0, ascending) of the union of m sets: walks down each of them
  /// once, expected O(m log n) steps, and compares the roots reached, O(m) a step. Preconditions:
  /// position < sum of sizes; m <= kMostSets.
  [[nodiscard]] Key select(std::span<const Root> sets, int position) const;

 private:
  struct Node {
    Key key;
    Root left, right;
    std::int32_t smaller;  ///< keys in the left subtree, copies included
    std::int32_t copies;
  };
  /// The root of a part of a set in which `select` still looks for its answer.
  struct Candidate {
    Key key;
    Root root;
    int smaller, copies;
  };

  [[nodiscard]] const Node& node(Root at) const { return nodes_[static_cast<std::size_t>(at)]; }
  [[nodiscard]] Node& node(Root at) { return nodes_[static_cast<std::size_t>(at)]; }
  [[nodiscard]] bool contains(Root root, Key key) const;
  [[nodiscard]] Root make_node(Key key);
  void attach(Root& root, Root fresh);
  void split(Root at, Node& between);
  [[nodiscard]] Root join(const Node& between);

  std::vector<Node> nodes_;
  std::vector<Root> unused_;
};

}  // namespace hd
