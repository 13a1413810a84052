#include "cli/stored_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/final_summary.h"
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

TEST(StoredHistory, TellsWhatTheLastAttemptsOfFailedChildRunsHaveInCommon) {
  const testing::TemporaryFolder folder;
  RunStore store(folder.file());
  store.create_parent(testing::sample_spec("HD_a"), "loss", Goal::kMinimize, 1);
  const int epoch = store.take_over("HD_a");
  History history("loss", Goal::kMinimize, 1);
  std::int64_t number = 0;
  const auto add = [&](EventBody body) {
    const Event event{++number, 5, std::move(body)};
    history.apply(event);
    history.forget_ended(false);
    store.append("HD_a", epoch, std::span(&event, 1), Durability::kProcessCrash);
  };
  const auto end = [&](int child, int attempt, int code, const std::string& tail) {
    ExitStatus exit;
    exit.code = code;
    exit.log_tail = tail;
    add(ChildStarting{child, attempt});
    add(ChildEnded{child, attempt, exit});
  };
  add(EngineStarted{});
  add(AskIssued{0, 0, 3});
  add(answer(0, 0, 3));
  EXPECT_THAT(common_failure(store, "HD_a", history), IsEmpty());
  end(0, 0, 4, "the first attempt");
  add(RetryDue{0});
  end(0, 1, 3, "no data");
  end(1, 0, 4, "in the way");
  add(RetryDue{1});
  end(1, 1, 0, "");
  end(2, 0, 4, "in the way");
  add(RetryDue{2});
  end(2, 1, 3, "reading\nno data");
  EXPECT_THAT(common_failure(store, "HD_a", history),
              ElementsAre("2 of 2 failed child runs ended with exit code 3",
                          "2 of them said last, as run 0 did:",
                          "    no data"));
}

}  // namespace
}  // namespace hd
