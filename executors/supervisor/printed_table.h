#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "executors/supervisor/heard_line.h"

namespace hd {

/// Tables that a script prints row by row, as fastai, skorch and scikit-learn do:
///
///     epoch     train_loss  valid_loss  time
///     0         0.941231    0.552012    00:00
///
/// A head begins with the word epoch, iter, iteration, round or step (any case) and has at least
/// one more column; columns stand two blanks or a tab apart. A row has as many words as the head
/// has columns, the first a whole number, which is the step; columns whose word is no number are
/// passed over. A line that is neither, other than an empty one or a rule of dashes, ends the
/// table.
class PrintedTable {
 public:
  /// True when the line belongs to a table; the points of a row are appended to `out`.
  bool read(std::string_view line, HeardLine& out);

  /// Whether a head was seen and rows may follow.
  [[nodiscard]] bool is_open() const { return !columns_.empty(); }

 private:
  bool read_head(std::string_view line);
  bool read_row(std::string_view line, HeardLine& out);

  std::vector<std::string> columns_;  ///< the first is the step's; empty = no table
};

}  // namespace hd
