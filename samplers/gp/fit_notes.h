#pragma once
#include <optional>
#include <string>
#include <string_view>

#include <Eigen/Core>

#include "samplers/gp/kernel.h"

namespace hd::gp {

/// Hyperparameters with the number of rows they were fitted to, as they travel from one ask to the
/// next in AskResult::notes.
struct FitNotes {
  Eigen::Index rows = 0;
  Hyperparameters hyperparameters;
};

/// One line of numbers that read back bit by bit.
[[nodiscard]] std::string write_notes(const FitNotes& notes);

/// nullopt for anything that write_notes did not write for a space of so many axes.
[[nodiscard]] std::optional<FitNotes> read_notes(std::string_view text, int axes);

}  // namespace hd::gp
