// Whatever the lines: one JSON object each, the trials asked lie in the space and are none that was
// asked or told before, and the loop can be saved and taken up again. The saved form itself is read
// too, with and without its checksums being right.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "engine/core/adopt_configuration.h"
#include "engine/core/error.h"
#include "engine/core/json_reader.h"
#include "samplers/ask_tell_session.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

const hd::ParameterSpace& space() {
  static const hd::ParameterSpace kSpace(
      {{"--x", hd::uniform(0, 1)},
       {"--b", hd::choice(16, 32.5, "a", true, hd::Value())},
       {"--k",
        hd::Choice{
            {{"none", {}}, {{}, {{"--n", hd::randint(3)}, {"--q", hd::qlognormal(0, 1, 0.5)}}}}}}});
  return kSpace;
}

const hd::ParameterSpace& finite_space() {
  static const hd::ParameterSpace kSpace{{"--a", hd::choice(1, 2)}, {"--n", hd::randint(3)}};
  return kSpace;
}

hd::TuningLoop make_loop(std::uint8_t kind) {
  const bool is_finite = (kind & 4U) != 0;
  switch (kind & 3U) {
    case 0:
      return {is_finite ? finite_space() : space(), hd::RandomSampling{.seed = 7}};
    case 1:
      return {is_finite ? finite_space() : space(), hd::RandomSampling{.seed = 7, .sobol = true}};
    case 2:
      return {finite_space(), hd::GridSampling{}};
    default:
      return {is_finite ? finite_space() : space(), hd::BayesianSampling{.seed = 7}};
  }
}

/// Bounds the work of one input: large asks, and models of many results, are only slow.
bool is_too_much(std::string_view line, bool bayesian, std::size_t trials) {
  if (line.size() > 100'000) return true;
  const auto request = hd::read_json(line);
  const hd::Value* n = request ? request->find("n") : nullptr;
  const bool large = n != nullptr && n->is_integer() && n->as_integer() > (bayesian ? 4 : 300);
  return (large && n->as_integer() <= hd::AskTellSession::kMostTrials) ||
         trials > (bayesian ? 12U : 3000U);
}

void check_answer(const std::string& answer, const hd::TuningLoop& loop, std::size_t asked_before) {
  require(answer.find('\n') == std::string::npos);
  const auto json = hd::read_json(answer);
  require(json.has_value() && json->is_map());
  const hd::Value* trials = json->find("trials");
  if (trials == nullptr) return;
  for (const hd::Value& trial : trials->as_list()) {
    const hd::Configuration params(trial.find("params")->as_map());
    const auto adopted = hd::adopt_configuration(loop.space(), params);
    require(adopted.has_value() && loop.space().contains(*adopted));
  }
  std::set<std::string> seen;
  for (std::size_t i = 0; i < loop.trials().size(); ++i) {
    const std::string text = to_json(loop.trials()[i]->configuration);
    const bool is_new = seen.insert(text).second;
    if (i >= asked_before && loop.trials()[i]->id != hd::TuningLoop::kNoId) require(is_new);
  }
}

void load(std::string_view text, std::uint8_t kind) {
  hd::TuningLoop loop = make_loop(kind);
  try {
    loop.load(text);
    static_cast<void>(loop.pending());
    require(loop.save() == [&] {
      hd::TuningLoop again = make_loop(kind);
      again.load(loop.save());
      return again.save();
    }());
  } catch (const hd::UsageError&) {
  } catch (const hd::StoreError&) {
  }
}

/// The lines with the checksums that they need to be looked at.
std::string with_checksums(std::string_view text, const hd::TuningLoop& loop) {
  std::string lines = loop.save();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (const auto record = hd::read_json(text.substr(0, end))) {
      lines += hd::tuning_text::to_line(*record);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first byte chooses sampler and space; the rest are lines.
  if (size == 0) return 0;
  const std::uint8_t kind = data[0];
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((kind & 8U) != 0) {
    load(input, kind);
    load(with_checksums(input, make_loop(kind)), kind);
    return 0;
  }
  hd::TuningLoop loop = make_loop(kind);
  hd::AskTellSession session(loop);
  std::string journal = loop.save();
  loop.set_journal([&](std::string_view record, bool) { journal += record; });
  for (std::string_view rest = input; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (is_too_much(line, (kind & 3U) == 3, loop.trials().size())) continue;
    const std::size_t before = loop.trials().size();
    check_answer(session.answer(line), loop, before);
  }
  hd::TuningLoop loaded = make_loop(kind);
  loaded.load(journal);
  require(loaded.save() == loop.save());
  return 0;
}
