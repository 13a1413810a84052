#pragma once

namespace hd {

// The processes of an attempt, seen from their supervisor. It is the sub-reaper of all of them, so
// whatever loses its parent, daemons included, becomes its child: when it has no child left,
// nothing of the attempt is left.

/// Makes the calling process the sub-reaper of its descendants.
void become_subreaper();

/// Sends `signal` to every child of the calling process, and so, round by round as children die and
/// theirs come to us, to every descendant. Only children: as nobody else can reap them, their
/// numbers cannot have passed to strangers. Returns how many there were, zombies included.
int signal_children(int signal);

}  // namespace hd
