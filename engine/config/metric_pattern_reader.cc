#include "engine/config/metric_pattern_reader.h"

#include <string>
#include <utility>

#include "engine/metric_pattern/compiled_pattern.h"

namespace hd {
namespace {

class Reader {
 public:
  Reader(const FieldValues& values, Findings& findings) : values_(values), findings_(findings) {}

  MetricPatterns read() {
    patterns_.built_in = values_.boolean("builtInMetricPatterns").value_or(true);
    if (const ConfigNode* list = values_.node("metricDefinitions")) {
      for (std::size_t i = 0; i < list->items.size(); ++i) {
        read_definition(list->items[i], "metricDefinitions[" + std::to_string(i) + "]");
      }
    }
    if (const ConfigNode* formats = values_.node("metricsFormat")) {
      if (formats->is_scalar()) add(*formats, "metricsFormat", {formats->text, {}});
      for (std::size_t i = 0; i < formats->items.size(); ++i) {
        const ConfigNode& item = formats->items[i];
        add(item, "metricsFormat[" + std::to_string(i) + "]", {item.text, {}});
      }
    }
    check_count();
    return std::move(patterns_);
  }

 private:
  void read_definition(const ConfigNode& item, const std::string& key) {
    const ConfigNode* const regex = item.is_map() ? find_folded(item, "regex") : nullptr;
    if (regex == nullptr || !regex->is_scalar()) return;  // reported by the table's check
    const ConfigNode* const name = find_folded(item, "name");
    add(*regex, key + ".regex", {regex->text, name == nullptr ? std::string() : name->text});
  }

  void add(const ConfigNode& node, const std::string& key, MetricPattern pattern) {
    if (const auto compiled = CompiledPattern::compile(pattern); !compiled) {
      findings_.error(
          node.mark, key, "`" + pattern.regex.substr(0, 60) + "` " + compiled.error().message);
      return;
    }
    if (patterns_.own.size() == CompiledPattern::kMostPatterns) too_many_ = &node;
    patterns_.own.push_back(std::move(pattern));
  }

  void check_count() {
    if (too_many_ == nullptr) return;
    findings_.error(too_many_->mark,
                    "metricDefinitions",
                    "expected at most " + std::to_string(CompiledPattern::kMostPatterns) +
                        " expressions, with those of metricsFormat; found " +
                        std::to_string(patterns_.own.size()));
  }

  const FieldValues& values_;
  Findings& findings_;
  MetricPatterns patterns_;
  const ConfigNode* too_many_ = nullptr;
};

}  // namespace

MetricPatterns read_metric_patterns(const FieldValues& values, Findings& findings) {
  return Reader(values, findings).read();
}

}  // namespace hd
