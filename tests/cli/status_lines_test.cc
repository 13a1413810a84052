#include "cli/status_lines.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/final_summary.h"
#include "cli/plain_view.h"
#include "cli/run_story.h"
#include "cli/text.h"

namespace hd {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::int64_t kSecond = 1'000'000;

/// A sweep told event by event.
class Sweep {
 public:
  explicit Sweep(int children) : history("loss", Goal::kMinimize, 0) {
    facts.run_id = "HD_1";
    facts.experiment = "digits";
    facts.total = 10;
    facts.concurrency = 2;
    facts.runs_directory = "/w/.hdrive/runs";
    add(EngineStarted{});
    AskAnswered answer;
    for (int i = 0; i < children; ++i) {
      Configuration configuration;
      configuration.set("--lr", 0.125 * (i + 1));
      answer.configurations.push_back(configuration);
      answer.reasons.emplace_back("random");
    }
    add(AskIssued{0, 0, children});
    add(answer);
  }

  void start(int child) {
    add(ChildStarting{child, 0});
    add(ChildStarted{child, 0, "here", 7});
  }
  void log(int child, double value, const std::string& name = "loss") {
    MetricReported reported{child, 0, {}};
    reported.point.name = name;
    reported.point.value = value;
    add(reported);
  }
  void end(int child, int code, const std::string& tail = "") {
    ExitStatus exit;
    exit.code = code;
    exit.log_tail = tail;
    add(ChildEnded{child, 0, exit});
  }
  void stop_early(int child) {
    add(CancelRequested{child, CancelCause::kPolicy, "BanditPolicy: 2 > 1 at interval 3"});
    end(child, 0);
  }
  template <typename Body>
  void add(Body body) {
    now_us += kSecond;
    events.push_back(Event{static_cast<std::int64_t>(events.size()) + 1, now_us, std::move(body)});
    history.apply(events.back());
  }
  [[nodiscard]] std::vector<std::string> lines(int width, int height) const {
    return status_lines(history, facts, {{width, height}, false, now_us, "", ""});
  }
  [[nodiscard]] std::vector<std::string> story() const {
    std::vector<std::string> texts;
    for (const StoryLine& line : tell(events, history, facts)) texts.push_back(line.text);
    return texts;
  }

  History history;
  RunFacts facts;
  std::vector<Event> events;
  std::int64_t now_us = 1'760'000'000 * kSecond;
};

TEST(StatusLines, ShowCountsBestAndRunningChildren) {
  Sweep sweep(4);
  sweep.start(0);
  sweep.log(0, 0.5);
  sweep.end(0, 0);
  sweep.start(1);
  sweep.log(1, 2.0);
  sweep.stop_early(1);
  sweep.start(2);
  sweep.log(2, 0.75);
  const auto lines = sweep.lines(120, 30);
  EXPECT_THAT(lines[0], HasSubstr("HD_1  digits   running"));
  EXPECT_THAT(lines[1], HasSubstr("2/10  1 running  1 done  1 stopped early"));
  EXPECT_THAT(lines[2], HasSubstr("best loss 0.5 (minimize)  run 0  lr=0.125"));
  EXPECT_THAT(lines[3], HasSubstr("parameters"));
  EXPECT_THAT(lines[4], HasSubstr("0.75"));
  EXPECT_THAT(lines[4], HasSubstr("lr=0.375"));
}

TEST(StatusLines, ListRunningChildrenBestFirst) {
  Sweep sweep(3);
  for (int i = 0; i < 3; ++i) sweep.start(i);
  sweep.log(0, 3.0);
  sweep.log(1, 1.0);
  const auto lines = sweep.lines(120, 30);
  ASSERT_THAT(lines, SizeIs(7));
  EXPECT_EQ(lines[4].substr(0, 4), "   1");
  EXPECT_EQ(lines[5].substr(0, 4), "   0");
  EXPECT_EQ(lines[6].substr(0, 4), "   2");
}

TEST(StatusLines, NeverExceedTheScreen) {
  Sweep sweep(40);
  for (int i = 0; i < 40; ++i) sweep.start(i);
  for (const int width : {60, 80, 200}) {
    const auto lines = sweep.lines(width, 24);
    EXPECT_LE(lines.size(), 8U);
    for (const auto& line : lines) EXPECT_LT(cells(line), static_cast<std::size_t>(width)) << line;
    EXPECT_THAT(lines.back(), HasSubstr("more"));
  }
}

TEST(StatusLines, AreOneLineOnANarrowScreen) {
  Sweep sweep(2);
  sweep.start(0);
  EXPECT_THAT(sweep.lines(59, 24), SizeIs(1));
  EXPECT_LT(cells(sweep.lines(20, 24).front()), 20U);
}

TEST(StatusLines, SayWhichMetricsWereSeenInsteadOfThePrimaryOne) {
  Sweep sweep(1);
  sweep.start(0);
  sweep.log(0, 0.5, "accuracy");
  EXPECT_THAT(sweep.lines(120, 24)[2],
              HasSubstr("no child run has reported 'loss' yet; metrics "
                        "seen: accuracy"));
}

TEST(StatusLines, TheEstimateWaitsForThreeChildren) {
  Sweep sweep(10);
  for (int i = 0; i < 2; ++i) {
    sweep.start(i);
    sweep.end(i, 0);
  }
  EXPECT_FALSE(measure(sweep.history, sweep.facts, sweep.now_us).left_us);
  sweep.start(2);
  sweep.end(2, 0);
  const auto left = measure(sweep.history, sweep.facts, sweep.now_us).left_us;
  ASSERT_TRUE(left);
  EXPECT_EQ(*left, kSecond * 7 / 2);  // seven more, two at a time, a second each
}

TEST(Sparkline, UsesTheWholeScaleAndMarksWhatIsNoNumber) {
  const std::vector<double> values = {0, 0.5, 1, std::nan("")};
  EXPECT_EQ(sparkline(values, 0, 1, false), ".=%?");
  EXPECT_EQ(sparkline(values, 0, 1, true), "▁▄█?");
  EXPECT_EQ(sparkline(std::vector<double>(30, 1.0), 1, 1, false).size(), 10U);
}

TEST(ProgressBar, IsFullOnlyAtTheEnd) {
  EXPECT_EQ(progress_bar(0, 10, 12, false), "[..........]");
  EXPECT_EQ(progress_bar(9, 10, 12, false), "[#########.]");
  EXPECT_EQ(progress_bar(10, 10, 12, false), "[##########]");
  EXPECT_EQ(progress_bar(5, 0, 4, false), "[..]");
}

TEST(Story, TellsHowChildrenEnded) {
  Sweep sweep(3);
  for (int i = 0; i < 3; ++i) sweep.start(i);
  sweep.log(0, 0.5);
  sweep.end(0, 0);
  sweep.stop_early(1);
  sweep.end(2, 1, "Traceback\n\033[31mValueError: bad\n");
  const auto story = sweep.story();
  EXPECT_THAT(story, Contains(HasSubstr("run 0 completed  loss=0.5 (best)  lr=0.125")));
  EXPECT_THAT(story, Contains(HasSubstr("run 1 stopped early  BanditPolicy: 2 > 1")));
  EXPECT_THAT(story, Contains(HasSubstr("run 2 failed  exit code 1")));
  EXPECT_THAT(story, Contains(HasSubstr("    Traceback")));
  EXPECT_THAT(story, Not(Contains(HasSubstr("\033"))));
}

TEST(Story, IsSilentAboutMetrics) {
  Sweep sweep(1);
  sweep.start(0);
  sweep.log(0, 0.5);
  EXPECT_THAT(sweep.story(), IsEmpty());
}

TEST(SummaryLine, HasTheFiguresOfTheSweep) {
  Sweep sweep(3);
  sweep.start(0);
  sweep.log(0, 0.5);
  sweep.end(0, 0);
  sweep.start(1);
  EXPECT_EQ(summary_line(sweep.history, sweep.facts, sweep.now_us),
            "1/10 done=1 running=1 early=0 failed=0 best=0.5 (run 0)");
}

TEST(FinalSummary, NamesTheBestAndHowToRepeatIt) {
  Sweep sweep(2);
  sweep.start(0);
  sweep.log(0, 0.5);
  sweep.end(0, 0);
  sweep.start(1);
  sweep.stop_early(1);
  sweep.add(ParentEnded{RunStatus::kCompleted, "max_total_runs 2 reached", 0});
  ParentRunSpec parent;
  parent.run_id = "HD_1";
  parent.script.script = "train.py";
  parent.script.interpreter = "/usr/bin/python3";
  const auto lines = final_summary(sweep.history, parent, sweep.facts, {});
  EXPECT_THAT(lines, Contains(HasSubstr("HD_1 completed after")));
  EXPECT_THAT(lines, Contains(HasSubstr("1 completed, 1 stopped early")));
  EXPECT_THAT(lines, Contains(HasSubstr("/usr/bin/python3 train.py --lr 0.125")));
  EXPECT_THAT(lines, Contains(HasSubstr("/w/.hdrive/runs/HD_1_0/0/work/outputs")));
}

TEST(FinalSummary, ShowsWhatFailuresHaveInCommon) {
  CommonFailure failure;
  for (int i = 0; i < 3; ++i) {
    ExitStatus exit;
    exit.code = 1;
    exit.log_tail = "line " + std::to_string(i) + "\nModuleNotFoundError: no torch";
    failure.add(i, exit);
  }
  const auto lines = failure.lines();
  EXPECT_THAT(lines, Contains(HasSubstr("3 of 3 failed child runs ended with exit code 1")));
  EXPECT_THAT(lines, Contains(HasSubstr("ModuleNotFoundError: no torch")));
}

TEST(FinalSummary, ACommandIsRepeatedWithItsVariables) {
  ParentRunSpec parent;
  parent.script.command = "train --lr $AZUREML_SWEEP_lr";
  Configuration configuration;
  configuration.set("lr", 0.5);
  EXPECT_EQ(reproducing_command(parent, configuration),
            "AZUREML_SWEEP_lr=0.5 /bin/sh -c 'train --lr $AZUREML_SWEEP_lr'");
}

}  // namespace
}  // namespace hd
