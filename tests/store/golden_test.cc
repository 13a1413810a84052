// Histories of released schemas, made once by make_golden_history and never again.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "engine/store/run_store.h"
#include "tests/store/random_history.h"

namespace hd {
namespace {

const std::filesystem::path kGolden = HD_GOLDEN_DIRECTORY;

class GoldenHistory : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenHistory, OpensAndReplaysAsItWasWritten) {
  const testing::TemporaryFolder folder;
  std::filesystem::copy_file(kGolden / (GetParam() + ".db"), folder.file());
  std::filesystem::permissions(folder.file(), std::filesystem::perms(0600));
  RunStore store(folder.file());
  std::ifstream expected(kGolden / (GetParam() + ".txt"), std::ios::binary);
  ASSERT_TRUE(expected.good());
  const std::string text{std::istreambuf_iterator<char>(expected), {}};
  EXPECT_EQ(testing::described(store, "HD_golden"), text);
  // And it can be continued.
  const int epoch = store.take_over("HD_golden");
  std::int64_t last = 0;
  store.replay("HD_golden", [&](const Event& event) { last = event.number; });
  const std::vector<Event> more = {{last + 1, 1, UnpauseRequested{}}};
  store.append("HD_golden", epoch, more, Durability::kPowerLoss);
  EXPECT_EQ(testing::replayed(store, "HD_golden").back().number, last + 1);
}

INSTANTIATE_TEST_SUITE_P(Schemas,
                         GoldenHistory,
                         ::testing::Values("1", "2"),
                         [](const auto& schema) { return "Version" + schema.param; });

}  // namespace
}  // namespace hd
