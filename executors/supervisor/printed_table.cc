#include "executors/supervisor/printed_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace hd {
namespace {

constexpr std::size_t kMostColumns = 64;
constexpr std::size_t kLongestHead = 2048;  ///< bytes; a longer line is none

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool is_rule(std::string_view line) {
  return std::all_of(line.begin(), line.end(), [](char c) {
    return is_blank(c) || c == '-' || c == '=' || c == '+' || c == '|';
  });
}

bool starts_table(std::string_view word) {
  constexpr std::array<std::string_view, 5> kWords{"epoch", "iter", "iteration", "round", "step"};
  return std::any_of(kWords.begin(), kWords.end(), [word](std::string_view known) {
    return std::equal(word.begin(), word.end(), known.begin(), known.end(), [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
  });
}

/// The cells of a line: what stands between at least `gap` blanks, or a tab.
std::vector<std::string_view> cells_of(std::string_view line, std::size_t gap) {
  std::vector<std::string_view> cells;
  std::size_t at = 0;
  while (cells.size() <= kMostColumns) {
    while (at < line.size() && is_blank(line[at])) ++at;
    if (at == line.size()) break;
    const std::size_t begin = at;
    std::size_t end = at;
    while (at < line.size()) {
      const std::size_t blanks = at;
      while (at < line.size() && is_blank(line[at])) ++at;
      const std::string_view between = line.substr(blanks, at - blanks);
      if (between.size() >= gap || between.find('\t') != std::string_view::npos) break;
      while (at < line.size() && !is_blank(line[at])) ++at;
      end = at;
    }
    cells.push_back(line.substr(begin, end - begin));
  }
  return cells;
}

}  // namespace

bool PrintedTable::read(std::string_view line, HeardLine& out) {
  if (read_head(line)) return true;
  if (!is_open()) return false;
  if (is_rule(line) || read_row(line, out)) return true;
  columns_.clear();
  return false;
}

bool PrintedTable::read_head(std::string_view line) {
  // Cheap for the many lines that are none.
  const std::size_t first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos || line.size() > kLongestHead) return false;
  const std::size_t end = std::min(line.find_first_of(" \t", first), line.size());
  if (!starts_table(line.substr(first, end - first))) return false;
  const auto cells = cells_of(line, 2);
  if (cells.size() < 2 || cells.size() > kMostColumns || !starts_table(cells.front())) return false;
  // "epoch  loss: 0.3" speaks for itself.
  if (line.find_first_of("=:") != std::string_view::npos) return false;
  columns_.assign(cells.begin(), cells.end());
  return true;
}

bool PrintedTable::read_row(std::string_view line, HeardLine& out) {
  if (line.size() > kLongestHead) return false;
  const auto cells = cells_of(line, 1);
  if (cells.size() != columns_.size()) return false;
  std::int64_t step = 0;
  const std::string_view number = cells.front();
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), step);
  if (error != std::errc{} || end != number.data() + number.size()) return false;
  out.step = step;
  for (std::size_t i = 1; i < cells.size(); ++i) {
    const auto value = whole_number(cells[i]);
    const std::string_view name = usable_name(columns_[i]);
    if (value && !name.empty()) out.points.push_back({name, *value, {}});
  }
  return true;
}

}  // namespace hd
