#include "executors/supervisor/stdout_patterns.h"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/value.h"
#include "executors/supervisor_protocol/script_text.h"

namespace hd {
namespace {

// "name=value name=value", as the tables below write it.
std::string found(StdoutPatterns& patterns, const std::string& line) {
  HeardLine heard;
  patterns.read(line, heard);
  std::string text;
  for (const auto& point : heard.points) {
    if (!text.empty()) text += ' ';
    text += std::string(point.name) + "=" + format_number(point.value);
  }
  if (heard.step) text += " @" + std::to_string(*heard.step);
  return text;
}

struct Case {
  std::string line;
  std::string expected;
};

class StdoutPatternsTable : public ::testing::TestWithParam<Case> {};

TEST_P(StdoutPatternsTable, Finds) {
  StdoutPatterns patterns;
  EXPECT_EQ(found(patterns, GetParam().line), GetParam().expected) << GetParam().line;
}

INSTANTIATE_TEST_SUITE_P(
    Metrics,
    StdoutPatternsTable,
    ::testing::Values(
        Case{"accuracy: 0.93", "accuracy=0.93"},
        Case{"loss=0.3", "loss=0.3"},
        Case{"loss = 0.3", "loss=0.3"},
        Case{"loss:0.93", "loss=0.93"},
        Case{"Test accuracy: 0.93", "Test accuracy=0.93"},
        Case{"Epoch 3: loss=0.41 val_acc=0.93", "loss=0.41 val_acc=0.93"},
        Case{"Epoch 3/10 - loss: 0.41 - val_loss: 5e-1", "loss=0.41 val_loss=0.5"},
        Case{"Train Loss: 0.5, Val Loss: 0.6", "Train Loss=0.5 Val Loss=0.6"},
        Case{"loss: 0.5 acc: 0.93", "loss=0.5 acc=0.93"},
        Case{"[INFO] loss: 0.3", "loss=0.3"},
        Case{"INFO loss: 0.3", "loss=0.3"},
        Case{"INFO:root:loss=0.3", "loss=0.3"},
        Case{"2026-11-21 12:30:01,123 INFO loss: 0.3", "loss=0.3"},
        Case{"{'loss': 0.31, 'eval/acc': 0.9}", "loss=0.31 eval/acc=0.9"},
        Case{R"({"loss": 0.3, "acc": "0.9", "note": "x", "step": 3})", "acc=0.9 loss=0.3 @3"},
        Case{"step=10 loss=0.3", "loss=0.3 @10"},
        Case{"loss: nan acc: -inf", "loss=nan acc=-inf"},
        Case{"acc: 93.5%", "acc=93.5"},
        Case{"Accuracy of the model: 0.93.", "Accuracy of the model=0.93"},
        Case{"loss: tensor(0.3012, grad_fn=<NllLossBackward0>)", "loss=0.3012"},
        Case{"mAP50-95(B): 0.61", "mAP50-95(B)=0.61"},
        Case{"100%|####| 10/10 [00:01<00:00, 8.5it/s, loss=0.3]", "loss=0.3"},
        Case{"10/10 [====] - 1s 2ms/step - loss: 0.41 - accuracy: 0.93", "loss=0.41 accuracy=0.93"},
        Case{"\x1b[32mloss\x1b[0m: \x1b[1m0.3\x1b[0m", "loss=0.3"},
        Case{"val_acc=+0.5;f1=.25", "val_acc=0.5 f1=0.25"},
        Case{"précision: 0.5", "précision=0.5"},
        Case{"(loss=0.3)", "loss=0.3"}));

INSTANTIATE_TEST_SUITE_P(NoMetrics,
                         StdoutPatternsTable,
                         ::testing::Values(Case{"12:30:01", ""},
                                           Case{"started at 12:30:01", ""},
                                           Case{"time: 12:30:01", ""},
                                           Case{"date: 2026-11-21", ""},
                                           Case{"see http://localhost:8080/run?a=1&b=2", ""},
                                           Case{"listening on localhost:8080", ""},
                                           Case{"s3://bucket/lr=0.1/x", ""},
                                           Case{"/tmp/x=3/y", ""},
                                           Case{"/data/lr=0.1", ""},
                                           Case{"data/train.csv: 300", ""},
                                           Case{"train.py:30: DeprecationWarning", ""},
                                           Case{"Epoch 3/10", ""},
                                           Case{"Epoch: 3/10", ""},
                                           Case{"Training:  40%|####      | 4/10", ""},
                                           Case{"python train.py --lr=0.01 -c=3", ""},
                                           Case{"Namespace(lr=0.01, layers=3)", ""},
                                           Case{"Linear(in_features=3, out_features=5)", ""},
                                           Case{"version: 1.2.3", ""},
                                           Case{"size: 1,000", ""},
                                           Case{"address: 0x1f", ""},
                                           Case{"elapsed: 3.2s", ""},
                                           Case{"a == 3, b != 4, c <= 5", ""},
                                           Case{"name: Nancy, info: infinite", ""},
                                           Case{"status: ok", ""},
                                           Case{"loss:", ""},
                                           Case{"=0.3 : 0.3", ""},
                                           Case{std::string("\0=\0 a: \0", 8), ""}));

TEST(StdoutPatterns, ReadsTheTwoLinesOfTheSdkOutsideARun) {
  StdoutPatterns patterns;
  EXPECT_EQ(found(patterns, "Attempted to log scalar metric Accuracy:"), "");
  EXPECT_EQ(found(patterns, "0.93"), "Accuracy=0.93");
  EXPECT_EQ(found(patterns, "0.94"), "");
  EXPECT_EQ(found(patterns, "Attempted to log scalar metric val loss:"), "");
  EXPECT_EQ(found(patterns, "acc: 0.5"), "acc=0.5");
}

TEST(StdoutPatterns, TakesTimeLinearInTheLine) {
  // Each of these made a careless reader look at the rest of the line again and again: 64 KiB would
  // take minutes then, and the test its time limit.
  StdoutPatterns patterns;
  for (const std::string unit : {"a:", "'", "a(", "a ", "(", "=", "1", "a=1e", "\"a\": ", "a-"}) {
    std::string line;
    while (line.size() + unit.size() < kLongestScriptLine) line += unit;
    for (int i = 0; i < 20; ++i) {
      HeardLine heard;
      patterns.read(line, heard);
    }
  }
}

TEST(StdoutPatterns, EscapeSequencesAreRemoved) {
  EXPECT_EQ(without_escapes("a\x1b[31mb\x1b]0;title\x07"
                            "c\x1b[Kd\x1b"),
            "abcd");
}

TEST(StdoutPatterns, ReadTablesRowByRow) {
  StdoutPatterns patterns;
  EXPECT_EQ(found(patterns, "epoch     train_loss  valid_loss  time    "), "");
  EXPECT_EQ(found(patterns, "---------------------------------------"), "");
  EXPECT_EQ(found(patterns, "0         0.9         0.55        00:00   "),
            "train_loss=0.9 valid_loss=0.55 @0");
  EXPECT_EQ(found(patterns, "1         nan         0.50        00:00   "),
            "train_loss=nan valid_loss=0.5 @1");
  // Anything else ends the table.
  EXPECT_EQ(found(patterns, "done"), "");
  EXPECT_EQ(found(patterns, "2         0.8         0.45        00:00   "), "");
  EXPECT_EQ(found(patterns, "Step\tTraining Loss\tAccuracy"), "");
  EXPECT_EQ(found(patterns, "500\t0.25\t91.5"), "Training Loss=0.25 Accuracy=91.5 @500");
  EXPECT_EQ(found(patterns, "acc=0.5"), "acc=0.5");
}

TEST(StdoutPatterns, TakeNoSentenceForATable) {
  StdoutPatterns patterns;
  EXPECT_EQ(found(patterns, "epoch 3 done"), "");
  EXPECT_EQ(found(patterns, "3 0.5 0.6"), "");
  EXPECT_EQ(found(patterns, "epoch  loss: 0.3"), "epoch  loss=0.3");
  EXPECT_EQ(found(patterns, "1 0.5"), "");
  EXPECT_EQ(found(patterns, "epochs  loss"), "");
  EXPECT_EQ(found(patterns, "1 0.5"), "");
}

TEST(StdoutPatterns, ReadNumbersInQuotesInPrintedDictionaries) {
  StdoutPatterns patterns;
  EXPECT_EQ(found(patterns, "{'loss': '0.69', 'note': 'none', 'epoch': '1'}"), "loss=0.69 epoch=1");
  EXPECT_EQ(found(patterns, "{'loss': '0.69"), "");
}

TEST(StdoutPatterns, KeepApostrophesOfNames) {
  StdoutPatterns patterns;
  EXPECT_EQ(found(patterns, "[1]\tvalid_0's auc: 0.9\tvalid_0's l2: 0.25"),
            "valid_0's auc=0.9 valid_0's l2=0.25");
}

}  // namespace
}  // namespace hd
