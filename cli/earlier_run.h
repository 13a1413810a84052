#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/parent_run_spec.h"
#include "engine/store/run_store.h"
#include "engine/workspace/workspace.h"

namespace hd {

/// In what two submissions differ as far as their child runs can tell, in words: the hdconfig, the
/// arguments, files of the snapshot, ... `seed` is the one that the command line of `wanted` gives;
/// where it gives none, any earlier one is the same.
[[nodiscard]] std::vector<std::string> differences(const ParentRunSpec& stored,
                                                   const ParentRunSpec& wanted,
                                                   std::optional<std::uint64_t> seed,
                                                   const Workspace& workspace);

/// What `--resume` goes on with: of the runs of the same kind and experiment that differ in nothing
/// from `wanted`, whose snapshot was taken, the newest that is not over; when all are over the
/// newest. nullopt when there is none.
///
/// Throws UsageError, naming what differs, when there is none but one of other files is not over:
/// what it began would be forgotten.
[[nodiscard]] std::optional<RunSummary> find_earlier_run(const RunStore& store,
                                                         const Workspace& workspace,
                                                         const ParentRunSpec& wanted,
                                                         std::optional<std::uint64_t> seed);

/// Whether a signal to its engine canceled the run, and nobody who wanted it to end.
[[nodiscard]] bool was_interrupted(const RunStore& store, const RunSummary& run);

}  // namespace hd
