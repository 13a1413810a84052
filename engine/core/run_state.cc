#include "engine/core/run_state.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace hd {

namespace {

constexpr std::array<std::pair<RunStatus, std::string_view>, 13> kNames = {{
    {RunStatus::kNotStarted, "NotStarted"},
    {RunStatus::kQueued, "Queued"},
    {RunStatus::kPreparing, "Preparing"},
    {RunStatus::kProvisioning, "Provisioning"},
    {RunStatus::kStarting, "Starting"},
    {RunStatus::kRunning, "Running"},
    {RunStatus::kFinalizing, "Finalizing"},
    {RunStatus::kCancelRequested, "CancelRequested"},
    {RunStatus::kPaused, "Paused"},
    {RunStatus::kNotResponding, "NotResponding"},
    {RunStatus::kCompleted, "Completed"},
    {RunStatus::kFailed, "Failed"},
    {RunStatus::kCanceled, "Canceled"},
}};

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

}  // namespace

std::string_view status_name(RunStatus status) {
  for (const auto& [value, name] : kNames) {
    if (value == status) return name;
  }
  return "NotStarted";
}

RunStatus parse_status(std::string_view name) {
  std::string known;
  for (const auto& [value, text] : kNames) {
    if (same_letters(name, text)) return value;
    known += known.empty() ? "" : ", ";
    known += text;
  }
  throw std::invalid_argument("unknown run status '" + std::string(name) + "'; known are " + known);
}

std::string describe(const ExitStatus& exit) {
  std::string text;
  switch (exit.kind) {
    case ExitStatus::Kind::kExited:
      text = "exit code " + std::to_string(exit.code);
      break;
    case ExitStatus::Kind::kSignaled:
      text = "signal " + std::to_string(exit.code) + " (" + strsignal(exit.code) + ")";
      break;
    case ExitStatus::Kind::kNotStarted:
      text = "the script could not be started";
      break;
    case ExitStatus::Kind::kLost:
      text = "lost";
      break;
    case ExitStatus::Kind::kTimeLimit:
      text = "time limit of the run passed";
      break;
  }
  if (!exit.message.empty()) text += ": " + exit.message;
  return text;
}

}  // namespace hd
