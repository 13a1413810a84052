#include "cli/stored_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/store/random_history.h"

namespace hd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

AskAnswered answer(int ask, int first_child, int count) {
  AskAnswered answered;
  answered.ask = ask;
  answered.first_child = first_child;
  for (int i = 0; i < count; ++i) {
    answered.configurations.push_back(Configuration({{"--lr", Value(0.5 * i)}}));
    answered.reasons.emplace_back();
  }
  return answered;
}

TEST(StoredHistory, TellsWhatWasPendingWhenAChildRunWasAskedFor) {
  const testing::TemporaryFolder folder;
  RunStore store(folder.file());
  store.create_parent(testing::sample_spec("HD_a"), "loss", Goal::kMinimize, 1);
  const int epoch = store.take_over("HD_a");
  std::vector<Event> events;
  const auto add = [&](EventBody body) {
    events.push_back({static_cast<std::int64_t>(events.size()) + 1, 5, std::move(body)});
  };
  add(EngineStarted{});
  add(AskIssued{0, 0, 3});
  add(answer(0, 0, 3));
  add(ChildStarting{0, 0});
  add(ChildStarting{1, 0});
  add(ChildEnded{0, 0, {}});
  // Child run 2 was not started yet and is asked for anew, with two more.
  add(AskIssued{1, 2, 3});
  add(ChildEnded{1, 0, {}});
  add(answer(1, 2, 3));
  store.append("HD_a", epoch, events, Durability::kProcessCrash);

  const auto pending = [&](int ask, int child) {
    return pending_at_ask(store, "HD_a", HyperDriveConfig{}, ask, child);
  };
  EXPECT_THAT(pending(0, 0).queued, IsEmpty());
  EXPECT_THAT(pending(0, 1).queued, ElementsAre(0));
  EXPECT_THAT(pending(1, 2).running, ElementsAre(1));
  EXPECT_THAT(pending(1, 2).queued, IsEmpty());
  EXPECT_THAT(pending(1, 4).running, ElementsAre(1));
  EXPECT_THAT(pending(1, 4).queued, ElementsAre(2, 3));
}

}  // namespace
}  // namespace hd
