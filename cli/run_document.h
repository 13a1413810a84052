#pragma once
#include <span>
#include <string>
#include <vector>

#include "engine/core/value.h"
#include "engine/store/run_store.h"

namespace hd {

/// The JSON object of a run as every command prints it. Member names never change once released.
[[nodiscard]] Value run_document(const RunSummary& run);

/// The members that `run list --minimal` and the table form show.
[[nodiscard]] const std::vector<std::string>& run_columns();

/// Reads JSON text that this program stored (hyperparameters, rows). Text that is no JSON becomes
/// a string.
[[nodiscard]] Value parse_json(const std::string& text);

/// Children by best primary metric under the goal, best first, those without one at the end, ties
/// by number.
void sort_best_first(std::vector<RunSummary>& children, Goal goal);

/// `--lr 0.1 --batch 32`: how the hyperparameters reach the script.
[[nodiscard]] std::vector<std::string> hyperparameter_arguments(const std::string& json);

}  // namespace hd
