#pragma once
#include <vector>

#include "engine/core/compute_target.h"
#include "engine/core/value.h"

namespace hd {

/// What the hosts of a target have, asked of them now: one map each. A host that cannot be used has
/// `state: Failed` and `problem`.
[[nodiscard]] Value::List host_documents(const RemoteTarget& target);

/// A target as `computetarget show` prints it, with its hosts.
[[nodiscard]] Value target_document(const RemoteTarget& target, const Value::List& hosts);

/// Rows of `hdrive doctor` for a target: for each host what it has, and whether a real child run
/// that reports a metric and leaves an output could be started there and brought back.
[[nodiscard]] Value::List doctor_target_rows(const RemoteTarget& target);

}  // namespace hd
