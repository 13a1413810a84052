#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "engine/core/value.h"
#include "executors/supervisor/line_splitter.h"
#include "executors/supervisor/stdout_patterns.h"

namespace hd {
namespace {

std::string content(const std::string& name) {
  std::ifstream file(HD_PRINTED_OUTPUT "/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Every report of every metric, as "name: 0.5 0.4".
std::string reports(const std::string& file, std::size_t chunk) {
  std::map<std::string, std::string> metrics;
  LineSplitter lines;
  StdoutPatterns patterns;
  HeardLine heard;
  const auto take = [&](std::string_view line) {
    patterns.read(line, heard);
    for (const HeardPoint& point : heard.points) {
      metrics[std::string(point.name)] += " " + format_number(point.value);
    }
  };
  const std::string all = content(file);
  for (std::size_t at = 0; at < all.size(); at += chunk) {
    lines.feed(std::string_view(all).substr(at, chunk), take);
  }
  lines.end(take);
  std::string text;
  for (const auto& [name, values] : metrics) text += name + ":" + values + "\n";
  return text;
}

struct Captured {
  const char* file;  ///< made by the program of the same name beside it
  const char* expected;
};

class PrintedOutput : public ::testing::TestWithParam<Captured> {};

// A progress bar is drawn many times in an epoch, and is one interval.
TEST_P(PrintedOutput, IsHeardOncePerReport) {
  EXPECT_EQ(reports(GetParam().file, 65536), GetParam().expected);
  EXPECT_EQ(reports(GetParam().file, 7), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Frameworks,
    PrintedOutput,
    ::testing::Values(
        Captured{"fastai_fit.stdout.txt",
                 "accuracy: 0.275 0.325 0.325\n"
                 "train_loss: 0.901493 0.906918 0.889359\n"
                 "valid_loss: 0.776059 0.783054 0.791283\n"},
        Captured{"keras_fit.stdout.txt",
                 "accuracy: 0.5573 0.5521 0.5781 0.599 0.6094 0.6094 0.6172\n"
                 "loss: 0.6479 0.6382 0.6283 0.6192 0.6099 0.6015 0.6069\n"
                 "val_accuracy: 0.6094 0.625 0.625 0.625 0.625 0.6406\n"
                 "val_loss: 0.6812 0.6727 0.6644 0.6563 0.6482 0.6404\n"},
        Captured{"lightgbm_train.stdout.txt",
                 "Number of data points in the train set: 300\n"
                 "Number of positive: 154\n"
                 "best gain: -inf -inf -inf -inf -inf\n"
                 "initscore: 0.053346\n"
                 "number of negative: 146\n"
                 "number of used features: 20\n"
                 "pavg: 0.513333\n"
                 "train's auc: 0.947652 0.967043 0.965753 0.9686 0.97138\n"
                 "train's binary_logloss: 0.631284 0.575532 0.533118 0.493822 0.459739\n"
                 "valid's auc: 0.901242 0.921875 0.91887 0.91867 0.916466\n"
                 "valid's binary_logloss: 0.638878 0.591941 0.556767 0.524127 0.497689\n"},
        Captured{"lightning_fit.stdout.txt",
                 "Modules in eval mode: 0\n"
                 "Modules in train mode: 1\n"
                 "Non-trainable params: 0\n"
                 "Total FLOPs: 0\n"
                 "Total params: 9\n"
                 "Trainable params: 9\n"
                 "train_loss: 1.113\n"
                 "val_loss: 0.663\n"},
        Captured{"sklearn_verbose.stdout.txt",
                 "Bias: 5.30307 27.406276 5.009915\n"
                 "NNZs: 20 20 20\n"
                 "Norm: 154.11 110.28 89.88\n"
                 "Objective: 18.347266 15.780683 11.374955\n"
                 "T: 400 800 1200\n"
                 "Total training time: 0 0 0\n"
                 "Train Loss: 1.2478 1.1345 1.0398 0.9589\n"
                 "loss: 1.09630794 1.08517629 1.07455442 1.06389625 1.0533994 1.04351549 17.341202 "
                 "14.878703 10.836512\n"},
        Captured{"tqdm_loop.stdout.txt", "val_acc: 0.5 0.6 0.7\n"},
        Captured{"tqdm_loop.stderr.txt", "loss: 0.513 0.339 0.253\nlr: 0.001 0.001 0.001\n"},
        Captured{"transformers_trainer.stdout.txt",
                 "epoch: 1 1 2 2 3 3 3 3\n"
                 "eval_loss: 0.6935 0.6934 0.6934 0.6933908462524414\n"
                 "eval_runtime: 0.0794 0.1948 0.0597 0.147\n"
                 "eval_samples_per_second: 403 164.3 536.4 217.758\n"
                 "eval_steps_per_second: 50.38 20.54 67.05 27.22\n"
                 "grad_norm: 0.1597 0.4048 0.408\n"
                 "learning_rate: 3.75e-05 2.083e-05 4.167e-06\n"
                 "loss: 0.6927 0.6943 0.6945\n"
                 "train_loss: 0.6938\n"
                 "train_runtime: 2.243\n"
                 "train_samples_per_second: 42.8\n"
                 "train_steps_per_second: 5.35\n"},
        Captured{"transformers_trainer.stderr.txt", ""},
        Captured{"xgboost_train.stdout.txt",
                 "train-error: 0.06 0.03667 0.02667 0.02 0.01\n"
                 "train-logloss: 0.49481 0.37766 0.29065 0.22686 0.18247\n"
                 "valid-error: 0.12 0.14 0.11 0.07 0.08\n"
                 "valid-logloss: 0.52494 0.44827 0.36563 0.31365 0.27275\n"}),
    [](const ::testing::TestParamInfo<Captured>& captured) {
      std::string name = captured.param.file;
      std::replace(name.begin(), name.end(), '.', '_');
      return name;
    });

}  // namespace
}  // namespace hd
