#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/sampler.h"

// The text of a saved tuning loop: lines of one JSON object each, followed by a tab, the 64-bit
// FNV-1a hash of the object in 16 hexadecimal digits, and a newline. The first object is the
// header, each other one a record:
//   {"ask":[{...},...],"next":5,"notes":"...","exhausted":false}   configurations asked, and where
//                                     the sampler stands afterwards (without "next": as before)
//   {"tell":3,"value":0.5}            what came out of trial 3
//   {"tell":3,"status":"failed"}
//   {"tell":{...},"value":0.5}        what is known of a configuration that was not asked
//   {"best":7}                        the place of the best trial, where the order of the records
//                                     before does not say it
namespace hd::tuning_text {

/// What a loop and the text it loads must agree on.
struct Identity {
  std::string sampler;  ///< "random", "sobol", "grid" or "bayesian"
  Goal goal = Goal::kMinimize;
  std::uint64_t seed = 0;
  bool seed_matters = true;  ///< false: any other seed is as good
  const ParameterSpace* space = nullptr;
};

/// Where the sampler stands after an ask.
struct Progress {
  int next_index = 0;  ///< of its sequence
  std::string notes;   ///< AskResult::notes
  bool exhausted = false;
};

[[nodiscard]] std::string to_line(const Value& object);

/// Configurations asked, and the progress after them; nullopt leaves it as it was.
[[nodiscard]] Value ask_record(const std::vector<Configuration>& configurations,
                               const std::optional<Progress>& progress = std::nullopt);
/// `what` is the id of a trial, or a configuration as to_value has it.
[[nodiscard]] Value tell_record(Value what, Trial::Outcome outcome, double value);
[[nodiscard]] Value best_record(std::size_t place);

/// Reads the progress of an ask record. Throws std::invalid_argument when it makes no sense.
void read_progress(const Value& record, Progress& progress);

[[nodiscard]] Value header(const Identity& identity);
/// The seed of the header. Throws StoreError for a header of another kind or version, UsageError
/// naming everything in which it differs from `here`.
[[nodiscard]] std::uint64_t check_header(const Value& header, const Identity& here);

/// The objects of a text, the header first. Throws StoreError naming the line that is damaged.
[[nodiscard]] std::vector<Value> read_lines(std::string_view text);

/// A number, or one of the texts "NaN", "Infinity", "-Infinity"; nullopt for anything else.
[[nodiscard]] std::optional<double> read_number(const Value& value);

/// A configuration as the JSON object it is written as, or such an object as a configuration.
[[nodiscard]] Value to_value(const Configuration& configuration);
[[nodiscard]] Configuration to_configuration(const Value::Map& map);

}  // namespace hd::tuning_text
