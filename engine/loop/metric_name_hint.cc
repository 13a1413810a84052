#include "engine/loop/metric_name_hint.h"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace hd {

namespace {

std::string letters(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) out += static_cast<char>(std::tolower(byte));
  }
  return out;
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row.back();
}

}  // namespace

std::string missing_metric_hint(const std::string& primary_metric_name,
                                const std::vector<std::pair<std::string, std::int64_t>>& logged) {
  std::string text = "the first child run to complete never logged the primary metric '" +
                     primary_metric_name + "', so no policy can judge it and it cannot be best";
  if (logged.empty()) return text + "; it logged no metric at all";
  text += "; logged were";
  const std::string wanted = letters(primary_metric_name);
  std::size_t nearest = std::string::npos;
  std::string likely;
  for (const auto& [name, count] : logged) {
    text += (text.ends_with("were") ? " '" : ", '") + name + "' (" + std::to_string(count) + ")";
    const std::string have = letters(name);
    const bool within =
        !wanted.empty() && !have.empty() &&
        (have.find(wanted) != std::string::npos || wanted.find(have) != std::string::npos);
    const std::size_t distance = within ? 1 : edit_distance(wanted, have);
    if (distance < nearest && distance * 2 <= std::max(wanted.size(), have.size())) {
      nearest = distance;
      likely = name;
    }
  }
  if (!likely.empty()) text += ". Did you mean primary_metric_name: " + likely + "?";
  return text;
}

}  // namespace hd
