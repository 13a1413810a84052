#include "samplers/gp/fit_notes.h"

#include <charconv>
#include <cmath>
#include <vector>

#include "engine/core/value.h"

namespace hd::gp {
namespace {

constexpr std::string_view kMark = "gp1";  // changes with the meaning of the numbers

std::optional<std::vector<double>> read_numbers(std::string_view text) {
  std::vector<double> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (*at == ' ') {
      ++at;
      continue;
    }
    double number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
    numbers.push_back(number);
    at = next;
  }
  return numbers;
}

}  // namespace

std::string write_notes(const FitNotes& notes) {
  std::string text(kMark);
  const auto add = [&](double number) {
    text += ' ';
    text += format_number(number);
  };
  add(static_cast<double>(notes.rows));
  const Hyperparameters& h = notes.hyperparameters;
  for (const double number : {h.log_signal, h.log_noise, h.mean}) add(number);
  for (const double number : h.log_length_scales) add(number);
  return text;
}

std::optional<FitNotes> read_notes(std::string_view text, int axes) {
  if (text.substr(0, kMark.size()) != kMark) return std::nullopt;
  const auto numbers = read_numbers(text.substr(kMark.size()));
  constexpr std::size_t kFixedNumbers = 4;
  if (!numbers || numbers->size() != kFixedNumbers + static_cast<std::size_t>(axes)) {
    return std::nullopt;
  }
  const double rows = numbers->front();
  if (rows < 1 || rows > 1e9 || rows != std::floor(rows)) return std::nullopt;
  for (std::size_t i = 1; i < numbers->size(); ++i) {
    if (std::abs((*numbers)[i]) > 50) return std::nullopt;  // exp must stay a number
  }
  FitNotes notes;
  notes.rows = static_cast<Eigen::Index>(rows);
  Hyperparameters& h = notes.hyperparameters;
  h.log_signal = (*numbers)[1];
  h.log_noise = (*numbers)[2];
  h.mean = (*numbers)[3];
  h.log_length_scales = Eigen::Map<const Eigen::VectorXd>(numbers->data() + kFixedNumbers, axes);
  return notes;
}

}  // namespace hd::gp
