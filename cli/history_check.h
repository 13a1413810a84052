#pragma once
#include <string>
#include <vector>

#include "engine/core/history.h"
#include "engine/core/value.h"
#include "engine/store/run_store.h"

namespace hd {

/// Where the rows that commands list differ from what the events say, in words: of the parent run,
/// and of its child runs that have ended. `history` is the read model of all events, nothing of it
/// forgotten, and not newer than the rows.
[[nodiscard]] std::vector<std::string> compare_rows(const History& history,
                                                    const RunSummary& parent,
                                                    const std::vector<RunSummary>& children);

/// Reads every event of the store and compares the rows of every parent run with them: a list of
/// {check, status, found, advice}, one for each parent run; status is ok, damaged or warning.
/// Changes nothing.
[[nodiscard]] Value history_report(const RunStore& store);

/// Whether a report of this form has a row that is damaged.
[[nodiscard]] bool tells_damage(const Value& report);

}  // namespace hd
