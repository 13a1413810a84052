#pragma once
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

  void insert(Root& root, Key key);
  /// Precondition: the set holds the key. One copy is erased.
  void erase(Root& root, Key key);

  [[nodiscard]] int size(Root root) const { return root == kEmpty ? 0 : node(root).size; }
  /// How many keys of the set are below `key`.
  [[nodiscard]] int count_below(Root root, Key key) const;

  /// The key at `position` (from 0, ascending) of the union of several sets, O(m log n) per halving
  /// of the candidates for m sets, so about O(m log^2 n). Precondition: position < sum of sizes.
  [[nodiscard]] Key select(std::span<const Root> sets, int position) const;

 private:
  struct Node {
    Key key;
    Root left, right;
    std::int32_t size;  ///< keys in this subtree, copies included
    std::int32_t copies;
  };
  [[nodiscard]] const Node& node(Root at) const { return nodes_[static_cast<std::size_t>(at)]; }
  [[nodiscard]] Node& node(Root at) { return nodes_[static_cast<std::size_t>(at)]; }
  [[nodiscard]] bool contains(Root root, Key key) const;
  [[nodiscard]] Root make_node(Key key);
  void update(Root at);
  void split(Root at, Key key, Root& below, Root& above);
  [[nodiscard]] Root join(Root below, Root above);
  [[nodiscard]] Root attach(Root at, Root fresh);

  std::vector<Node> nodes_;
  std::vector<Root> unused_;
};

}  // namespace hd
