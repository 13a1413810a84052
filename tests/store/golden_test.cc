// Histories of released schemas, made once by make_golden_history and never again.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "engine/store/migrations.h"
#include "engine/store/run_store.h"
#include "tests/store/random_history.h"

namespace hd {
namespace {

const std::filesystem::path kGolden = HD_GOLDEN_DIRECTORY;

template <typename Visit, std::size_t... kinds>
void for_each_kind_of(const Visit& visit, std::index_sequence<kinds...>) {
  (visit(EventBody(std::in_place_index<kinds>)), ...);
}
template <typename Visit>
void for_each_kind(const Visit& visit) {
  for_each_kind_of(visit, std::make_index_sequence<std::variant_size_v<EventBody>>());
}

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

TEST(GoldenHistories, ThereIsOneForEverySchema) {
  for (int version = 1; version <= sqlite::kSchemaVersion; ++version) {
    for (const char* end : {".db", ".txt"}) {
      EXPECT_TRUE(std::filesystem::exists(kGolden / (std::to_string(version) + end))) << version;
    }
  }
}

TEST(GoldenHistories, HoldEveryKindOfEvent) {
  std::ifstream expected(kGolden / (std::to_string(sqlite::kSchemaVersion) + ".txt"));
  const std::string text{std::istreambuf_iterator<char>(expected), {}};
  std::size_t kinds = 0;
  for_each_kind([&](const EventBody& body) {
    ++kinds;
    EXPECT_NE(text.find(" " + std::string(event_name(body)) + " "), std::string::npos)
        << event_name(body);
  });
  EXPECT_EQ(kinds, std::variant_size_v<EventBody>);
}

INSTANTIATE_TEST_SUITE_P(Schemas,
                         GoldenHistory,
                         ::testing::Values("1", "2"),
                         [](const auto& schema) { return "Version" + schema.param; });

}  // namespace
}  // namespace hd
