#include "policies/key_trees.h"

#include <limits>

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
  const Node fresh{key, kEmpty, kEmpty, 1, 1};
  if (unused_.empty()) {
    nodes_.push_back(fresh);
    return static_cast<Root>(nodes_.size() - 1);
  }
  const Root at = unused_.back();
  unused_.pop_back();
  node(at) = fresh;
  return at;
}

void KeyTrees::update(Root at) {
  Node& n = node(at);
  n.size = size(n.left) + n.copies + size(n.right);
}

void KeyTrees::split(Root at, Key key, Root& below, Root& above) {
  if (at == kEmpty) {
    below = above = kEmpty;
  } else if (node(at).key < key) {
    split(node(at).right, key, node(at).right, above);
    below = at;
    update(at);
  } else {
    split(node(at).left, key, below, node(at).left);
    above = at;
    update(at);
  }
}

KeyTrees::Root KeyTrees::join(Root below, Root above) {
  if (below == kEmpty) return above;
  if (above == kEmpty) return below;
  if (priority(below) > priority(above)) {
    node(below).right = join(node(below).right, above);
    update(below);
    return below;
  }
  node(above).left = join(below, node(above).left);
  update(above);
  return above;
}

/// Puts a node with a new key into a tree; returns the tree's new root.
KeyTrees::Root KeyTrees::attach(Root at, Root fresh) {
  if (at == kEmpty) return fresh;
  if (priority(fresh) > priority(at)) {
    split(at, node(fresh).key, node(fresh).left, node(fresh).right);
    update(fresh);
    return fresh;
  }
  if (node(fresh).key < node(at).key) {
    node(at).left = attach(node(at).left, fresh);
  } else {
    node(at).right = attach(node(at).right, fresh);
  }
  update(at);
  return at;
}

void KeyTrees::insert(Root& root, Key key) {
  if (!contains(root, key)) {
    root = attach(root, make_node(key));
    return;
  }
  for (Root at = root;;) {
    Node& n = node(at);
    ++n.size;
    if (n.key == key) {
      ++n.copies;
      return;
    }
    at = key < n.key ? n.left : n.right;
  }
}

void KeyTrees::erase(Root& root, Key key) {
  Root* link = &root;
  while (node(*link).key != key) {
    Node& n = node(*link);
    --n.size;
    link = key < n.key ? &n.left : &n.right;
  }
  Node& n = node(*link);
  --n.size;
  if (--n.copies > 0) return;
  const Root erased = *link;
  *link = join(n.left, n.right);
  unused_.push_back(erased);
}

int KeyTrees::count_below(Root root, Key key) const {
  int count = 0;
  while (root != kEmpty) {
    const Node& n = node(root);
    if (key <= n.key) {
      root = n.left;
    } else {
      count += n.size - size(n.right);
      root = n.right;
    }
  }
  return count;
}

KeyTrees::Key KeyTrees::select(std::span<const Root> sets, int position) const {
  // The answer lies in [least, greatest]. Each candidate is the smallest subtree of a set that
  // holds all its keys in that range; the root of the largest one splits the range, until it is the
  // answer.
  Key least = std::numeric_limits<Key>::min();
  Key greatest = std::numeric_limits<Key>::max();
  std::vector<Root> candidates(sets.begin(), sets.end());
  for (;;) {
    Root largest = kEmpty;
    for (Root& at : candidates) {
      while (at != kEmpty && (node(at).key < least || node(at).key > greatest)) {
        at = node(at).key < least ? node(at).right : node(at).left;
      }
      if (size(at) > size(largest)) largest = at;
    }
    const Key pivot = node(largest).key;
    int below = 0;
    int not_above = 0;
    for (const Root root : sets) {
      below += count_below(root, pivot);
      not_above += count_below(root, pivot + 1);
    }
    if (position < below) {
      greatest = pivot - 1;
    } else if (position >= not_above) {
      least = pivot + 1;
    } else {
      return pivot;
    }
  }
}

}  // namespace hd
