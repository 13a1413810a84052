#include "policies/key_trees.h"

namespace hd {
namespace {

/// Heap order of the treap: a fixed scramble of the node's index is as good as a random number,
/// needs no space, and makes every run of the program the same.
std::uint32_t priority(KeyTrees::Root at) {
  auto x = static_cast<std::uint32_t>(at) + 0x9E3779B9U;
  x = (x ^ (x >> 16)) * 0x85EBCA6BU;
  x = (x ^ (x >> 13)) * 0xC2B2AE35U;
  return x ^ (x >> 16);
}

}  // namespace

bool KeyTrees::contains(Root root, Key key) const {
  while (root != kEmpty && node(root).key != key) {
    root = key < node(root).key ? node(root).left : node(root).right;
  }
  return root != kEmpty;
}

KeyTrees::Root KeyTrees::make_node(Key key) {
  const Node fresh{key, kEmpty, kEmpty, 0, 1};
  if (unused_.empty()) {
    nodes_.push_back(fresh);
    return static_cast<Root>(nodes_.size() - 1);
  }
  const Root at = unused_.back();
  unused_.pop_back();
  node(at) = fresh;
  return at;
}

/// Makes the tree at `at` the two subtrees of a node whose key it does not hold.
void KeyTrees::split(Root at, Node& between) {
  Root* below = &between.left;
  Root* above = &between.right;
  int smaller = 0;
  while (at != kEmpty) {
    Node& n = node(at);
    if (n.key < between.key) {
      smaller += n.smaller + n.copies;
      *below = at;
      below = &n.right;
      at = n.right;
    } else {
      n.smaller += smaller;
      *above = at;
      above = &n.left;
      at = n.left;
    }
  }
  *below = *above = kEmpty;
  between.smaller = smaller;
  // Of the smaller keys that hung left of a node, only those found before it did not move away.
  for (at = between.right; at != kEmpty; at = node(at).left) node(at).smaller -= smaller;
}

/// The two subtrees of a node as one tree.
KeyTrees::Root KeyTrees::join(const Node& between) {
  Root below = between.left;
  Root above = between.right;
  int smaller = between.smaller;
  Root root = kEmpty;
  Root* link = &root;
  while (below != kEmpty && above != kEmpty) {
    if (priority(below) > priority(above)) {
      Node& n = node(below);
      smaller -= n.smaller + n.copies;
      *link = below;
      link = &n.right;
      below = n.right;
    } else {
      Node& n = node(above);
      n.smaller += smaller;
      *link = above;
      link = &n.left;
      above = n.left;
    }
  }
  *link = below == kEmpty ? above : below;
  return root;
}

/// Puts a node with a new key into a tree.
void KeyTrees::attach(Root& root, Root fresh) {
  Node& attached = node(fresh);
  Root* link = &root;
  while (*link != kEmpty && priority(*link) >= priority(fresh)) {
    Node& n = node(*link);
    if (attached.key < n.key) {
      ++n.smaller;
      link = &n.left;
    } else {
      link = &n.right;
    }
  }
  split(*link, attached);
  *link = fresh;
}

void KeyTrees::insert(Root& root, Key key) {
  if (!contains(root, key)) {
    attach(root, make_node(key));
    return;
  }
  Root at = root;
  while (node(at).key != key) {
    Node& n = node(at);
    if (key < n.key) ++n.smaller;
    at = key < n.key ? n.left : n.right;
  }
  ++node(at).copies;
}

void KeyTrees::erase(Root& root, Key key) {
  Root* link = &root;
  while (node(*link).key != key) {
    Node& n = node(*link);
    if (key < n.key) --n.smaller;
    link = key < n.key ? &n.left : &n.right;
  }
  Node& n = node(*link);
  if (--n.copies > 0) return;
  unused_.push_back(*link);
  *link = join(n);
}

int KeyTrees::count_below(Root root, Key key) const {
  int count = 0;
  while (root != kEmpty) {
    const Node& n = node(root);
    if (key <= n.key) {
      root = n.left;
    } else {
      count += n.smaller + n.copies;
      root = n.right;
    }
  }
  return count;
}

KeyTrees::Key KeyTrees::select(std::span<const Root> sets, int position) const {
  // The answer lies in one of the candidates, subtrees of the sets, at `position` of their union.
  // `smaller` is the sum of the keys left of each root. The union holds at least `smaller` and the
  // copies of all lesser roots below the greatest root; it holds at most `smaller` and the copies
  // of the least root up to the least root. So the answer is below the one or above the other.
  std::array<Candidate, kMostSets> buffer;
  std::size_t count = 0;
  int smaller = 0;
  const auto look_at = [&](Candidate& candidate, Root root) {
    const Node& n = node(root);
    candidate = {n.key, root, n.smaller, n.copies};
    smaller += n.smaller;
  };
  for (const Root root : sets) {
    if (root != kEmpty) look_at(buffer[count++], root);
  }
  for (;;) {
    Candidate* least = &buffer[0];
    Candidate* greatest = &buffer[0];
    int copies = 0;           // of all roots
    int greatest_copies = 0;  // of the roots with the greatest key
    for (Candidate& candidate : std::span(buffer).first(count)) {
      copies += candidate.copies;
      if (candidate.key < least->key) least = &candidate;
      if (candidate.key > greatest->key) {
        greatest = &candidate;
        greatest_copies = 0;
      }
      if (candidate.key == greatest->key) greatest_copies += candidate.copies;
    }
    Candidate* moved = greatest;
    Root to = node(greatest->root).left;
    if (position >= smaller + copies - greatest_copies) {
      if (least->key == greatest->key && position < smaller + copies) return least->key;
      moved = least;
      position -= least->smaller + least->copies;
      to = node(least->root).right;
    }
    smaller -= moved->smaller;
    if (to == kEmpty) {
      *moved = buffer[--count];
    } else {
      look_at(*moved, to);
    }
  }
}

}  // namespace hd
