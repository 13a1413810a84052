#include "samplers/gp/proposal_reason.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/short_number.h"
#include "samplers/gp/length_scales.h"

namespace hd::gp {
namespace {

/// How many parameters the sentence names; the details have them all.
constexpr std::size_t kNamedScales = 3;

Value scales_document(const std::vector<LengthScale>& scales) {
  Value::List list;
  for (const LengthScale& scale : scales) {
    list.push_back(Value::Map{
        {"name", scale.name},
        {"lengthScale", scale.unit == LengthScale::Unit::kLabel ? Value() : Value(scale.value)},
        {"unit", unit_name(scale.unit)},
        {"correlationAcross", scale.correlation_across},
        {"words", describe(scale)}});
  }
  return list;
}

}  // namespace

Reason start_up_reason(std::string_view point) {
  return {"start-up point: " + std::string(point),
          Value::Map{{"source", "startUp"}, {"point", std::string(point)}}};
}

Reason unseen_reason() {
  return {"not asked before; the model had nothing better", Value::Map{{"source", "unseen"}}};
}

Reason proposal_reason(const Encoding& encoding,
                       const TrialData& data,
                       const GaussianProcess& model,
                       const Proposal& proposal,
                       double incumbent) {
  const auto p = model.predict(encoding.features(proposal.point), false);
  const double target = p.mean[0];
  const double sigma = std::sqrt(p.variance[0]);
  const double expected = data.to_value(target);
  const auto [low, high] =
      std::minmax({data.to_value(target - sigma), data.to_value(target + sigma)});
  const double deviation = high / 2 - low / 2;
  const auto running = static_cast<std::int64_t>(model.rows() - data.ended());
  const std::vector<LengthScale> scales = length_scales(encoding, model.hyperparameters());

  std::string text = "model of " + std::to_string(data.ended()) + " results";
  if (running > 0) text += " and " + std::to_string(running) + " running";
  text += ": expects " + short_number(expected) + " +- " + short_number(deviation) + " (" +
          short_number(low) + " to " + short_number(high) + ") against " +
          short_number(data.to_value(incumbent)) + ", log expected improvement " +
          short_number(proposal.value);
  for (std::size_t i = 0; i < std::min(kNamedScales, scales.size()); ++i) {
    text += (i == 0 ? "; length scales: " : ", ") + describe(scales[i]);
  }
  Value details = Value::Map{
      {"source", "model"},
      {"results", static_cast<std::int64_t>(data.ended())},
      {"running", running},
      {"mean", expected},
      {"standardDeviation", deviation},
      {"low", low},
      {"high", high},
      {"incumbent", data.to_value(incumbent)},
      {"standardized",
       Value::Map{{"mean", target}, {"standardDeviation", sigma}, {"incumbent", incumbent}}},
      {"acquisition", Value::Map{{"name", "logExpectedImprovement"}, {"value", proposal.value}}},
      {"lengthScales", scales_document(scales)}};
  return {std::move(text), std::move(details)};
}

}  // namespace hd::gp
