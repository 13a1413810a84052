// Metric points and the verdicts beside them, as the file holds them.
#include <chrono>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "engine/store/sqlite.h"
#include "tests/store/random_history.h"
#include "tests/store/store_harness.h"

namespace hd {
namespace {

using namespace std::chrono_literals;
using testing::difference;
using testing::replayed;

class MetricRowsTest : public testing::RunStoreTest {};

TEST_F(MetricRowsTest, KeepsAVerdictBesideThePointItJudged) {
  begin();
  ask(1);
  const auto judged = [](int interval) {
    return PolicyJudged{0, {PolicyVerdict::Outcome::kContinue, interval, 0.5, 0.25, 3}};
  };
  // 200 points with their verdicts in one append, and a verdict without a point of its own.
  std::vector<EventBody> bodies = {ChildStarting{0, 0}};
  for (int i = 1; i <= 200; ++i) {
    bodies.emplace_back(metric(0, i, 1.0 / i));
    bodies.emplace_back(judged(i));
  }
  bodies.emplace_back(judged(201));
  append_at_once(bodies);
  sqlite::Database database(folder_.file());
  EXPECT_EQ(database.number("SELECT count(*) FROM metric WHERE verdict_outcome=1"), 200);
  EXPECT_EQ(database.number("SELECT count(*) FROM verdict"), 1);
  EXPECT_EQ(database.number("SELECT count(*) FROM policy_verdict WHERE run_id='HD_a_0'"), 201);
  EXPECT_EQ(database.number("SELECT sum(interval) FROM policy_verdict"), 201 * 202 / 2);
  EXPECT_EQ(child(0).best_primary_metric, 1.0 / 200);

  const std::vector<Event> all = replayed(store_, run_);
  ASSERT_EQ(all.size(), bodies.size() + 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(all[i].number, static_cast<std::int64_t>(i + 1));
    ASSERT_EQ(all[i].time_us, i == 0 ? 1001 : all.back().time_us);
  }
  EXPECT_EQ(std::get<PolicyJudged>(all[3].body).verdict, judged(1).verdict);
  // From between a point and its verdict.
  std::vector<Event> rest;
  store_.replay(
      run_, [&](const Event& event) { rest.push_back(event); }, 3);
  EXPECT_EQ(difference({all.begin() + 3, all.end()}, rest), "");
  int verdicts = 0;
  for (const Event& event : store_.events_of_child(run_, 0)) {
    const auto* found = std::get_if<PolicyJudged>(&event.body);
    if (found == nullptr) continue;
    EXPECT_EQ(found->verdict.interval, ++verdicts);
  }
  EXPECT_EQ(verdicts, 201);
}

TEST_F(MetricRowsTest, KeepsTheVerdictOfAPointDeliveredAgain) {
  begin();
  ask(1);
  const PolicyJudged judged{0, {PolicyVerdict::Outcome::kContinue, 1, 0.5, 0.25, 3}};
  append({ChildStarting{0, 0}, metric(0, 1, 0.5)});
  append_at_once({metric(0, 1, 0.1), judged, metric(0, 2, 0.4), judged});
  const std::vector<Event> events = replayed(store_, run_);
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(std::get<PolicyJudged>(events[3].body).verdict, judged.verdict);
  EXPECT_EQ(events[3].number, 5);
  EXPECT_EQ(std::get<MetricReported>(events[4].body).point.value, 0.4);
  EXPECT_EQ(events[5].number, 7);
}

TEST_F(MetricRowsTest, NoticesAnAlteredVerdict) {
  begin();
  ask(1);
  append_at_once({ChildStarting{0, 0},
                  metric(0, 1, 0.5),
                  PolicyJudged{0, {PolicyVerdict::Outcome::kContinue, 1, 0.5, 0.25, 3}}});
  for (const char* column :
       {"outcome=2", "interval=2", "value=0.75", "bound=NULL", "population=4"}) {
    sqlite::Database database(folder_.file());
    sqlite::Transaction transaction(database, sqlite::Transaction::Kind::kWrite);
    database.execute(("UPDATE metric SET verdict_" + std::string(column)).c_str());
    transaction.commit();
    EXPECT_THROW((void)replayed(store_, run_), StoreError) << column;
    EXPECT_THROW(store_.metrics(run_ + "_0", "", [](int, const MetricPoint&) {}), StoreError);
    database.execute(
        "UPDATE metric SET verdict_outcome=1,verdict_interval=1,verdict_value=0.5,"
        "verdict_bound=0.25,verdict_population=3");
    EXPECT_EQ(replayed(store_, run_).size(), 4U);
  }
}

TEST_F(MetricRowsTest, TheLogIsCopiedIntoTheFileWhileAnEngineAppends) {
  begin();
  ask(1);
  append({ChildStarting{0, 0}});
  const auto megabytes = [](const std::string& file) {
    return std::filesystem::file_size(file) >> 20;
  };
  std::int64_t sequence = 0;
  // Far less than the length at which the appender would copy it itself, and then as long as it
  // takes the other thread.
  for (int i = 0; i < 1000 && (i < 40 || megabytes(folder_.file()) < 4); ++i) {
    std::vector<EventBody> bodies;
    for (int k = 0; k < 4000; ++k) bodies.emplace_back(metric(0, ++sequence, 0.5));
    append(bodies);
    if (megabytes(folder_.file() + "-wal") > 40) std::this_thread::sleep_for(20ms);
  }
  EXPECT_GE(megabytes(folder_.file()), 4U);
  EXPECT_LT(megabytes(folder_.file() + "-wal"), 63U);
}

}  // namespace
}  // namespace hd
