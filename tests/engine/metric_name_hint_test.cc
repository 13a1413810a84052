#include "engine/loop/metric_name_hint.h"

#include <gtest/gtest.h>

namespace hd {
namespace {

TEST(MetricNameHint, SaysWhenNothingWasLogged) {
  EXPECT_NE(missing_metric_hint("accuracy", {}).find("it logged no metric at all"),
            std::string::npos);
}

TEST(MetricNameHint, NamesWhatWasLoggedAndTheLikelyOne) {
  const std::string text = missing_metric_hint("Accuracy", {{"loss", 10}, {"val_accuracy", 9}});
  EXPECT_NE(text.find("'loss' (10), 'val_accuracy' (9)"), std::string::npos) << text;
  EXPECT_NE(text.find("Did you mean primary_metric_name: val_accuracy?"), std::string::npos);
}

TEST(MetricNameHint, ProposesNothingFarFetched) {
  EXPECT_EQ(missing_metric_hint("accuracy", {{"loss", 3}}).find("Did you mean"), std::string::npos);
}

}  // namespace
}  // namespace hd
