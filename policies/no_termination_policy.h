#pragma once
#include <string>
#include <vector>

#include "engine/core/policy.h"

namespace hd {

/// HyperDrive's default: every child run goes on to its end.
class NoTerminationPolicy final : public Policy {
 public:
  void record(int /*child*/, int /*interval*/, double /*value*/) override {}
  void end(int /*child*/) override {}
  [[nodiscard]] PolicyVerdict judge(int /*child*/) const override { return {}; }
  [[nodiscard]] std::string explain(const PolicyVerdict& /*verdict*/) const override {
    return "NoTerminationPolicy: never judges";
  }
  [[nodiscard]] std::string name() const override { return "NoTerminationPolicy"; }
  [[nodiscard]] std::vector<std::string> describe(int /*max_total_runs*/,
                                                  int /*max_concurrent_runs*/) const override {
    return {"NoTerminationPolicy never cancels a child run."};
  }
};

}  // namespace hd
