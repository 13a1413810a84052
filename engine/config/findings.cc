#include "engine/config/findings.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace hd {
namespace {

/// Enough to work on; a file with more is wrong as a whole.
constexpr std::size_t kMaxFindings = 100;
constexpr std::size_t kMaxNameLength = 48;
constexpr std::size_t kMostCandidates = 200;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Optimal string alignment distance: insertions, deletions, substitutions, neighbours swapped.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({row[j - 1] + 1, last[j] + 1, last[j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

void sort_and_cut(std::vector<Diagnostic>& diagnostics, const std::string& file) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(), [](const auto& a, const auto& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  if (diagnostics.size() <= kMaxFindings) return;
  Diagnostic rest;
  rest.severity = diagnostics.front().severity;
  rest.file = file;
  rest.message = std::to_string(diagnostics.size() - kMaxFindings) + " more like these";
  diagnostics.resize(kMaxFindings);
  diagnostics.push_back(std::move(rest));
}

}  // namespace

void Findings::error(Mark mark, std::string key, std::string message) {
  errors_.push_back({Diagnostic::Severity::kError,
                     file_,
                     mark.line,
                     mark.column,
                     std::move(key),
                     std::move(message)});
}

void Findings::warn(Mark mark, std::string key, std::string message) {
  warnings_.push_back({Diagnostic::Severity::kWarning,
                       file_,
                       mark.line,
                       mark.column,
                       std::move(key),
                       std::move(message)});
}

void Findings::warn_or_error(Mark mark, std::string key, std::string message) {
  if (options_.strict) {
    error(mark, std::move(key), std::move(message));
  } else {
    warn(mark, std::move(key), std::move(message));
  }
}

void Findings::add(std::vector<Diagnostic> mistakes) {
  for (Diagnostic& mistake : mistakes) errors_.push_back(std::move(mistake));
}

void Findings::absorb(Findings other) {
  add(std::move(other.errors_));
  for (Diagnostic& warning : other.warnings_) warnings_.push_back(std::move(warning));
}

void Findings::finish(std::vector<Diagnostic>& warnings) {
  sort_and_cut(warnings_, file_);
  warnings.insert(warnings.end(), warnings_.begin(), warnings_.end());
  warnings_.clear();
  if (errors_.empty()) return;
  sort_and_cut(errors_, file_);
  throw ConfigError(std::move(errors_));
}

std::string nearest_name(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.empty() || word.size() > kMaxNameLength) return {};
  // Comparing with all names of a huge file, for each of its mistakes, would take forever.
  if (candidates.size() > kMostCandidates) return {};
  std::string folded(word);
  std::transform(folded.begin(), folded.end(), folded.begin(), lower);
  std::string best;
  // Up to a third of the letters may be wrong; beyond that a suggestion only confuses.
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kMaxNameLength) continue;
    std::string other(candidate);
    std::transform(other.begin(), other.end(), other.begin(), lower);
    std::size_t distance = edit_distance(folded, other);
    if (fold_name(folded) == fold_name(other)) distance = 0;
    if (distance < best_distance) {
      best_distance = distance;
      best = std::string(candidate);
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::string nearest = nearest_name(word, candidates);
  return nearest.empty() ? std::string() : " (did you mean '" + nearest + "'?)";
}

std::string join_alternatives(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

std::string fold_name(std::string_view name) {
  std::string folded;
  for (const char c : name) {
    if (c != '_' && c != '-') folded += lower(c);
  }
  return folded;
}

const ConfigNode* find_folded(const ConfigNode& map, std::string_view key) {
  const std::string folded = fold_name(key);
  for (const ConfigMember& member : map.members) {
    if (fold_name(member.key) == folded) return &member.value;
  }
  return nullptr;
}

}  // namespace hd
