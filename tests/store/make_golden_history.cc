// Usage: make_golden_history NAME: writes NAME.db and NAME.txt, which says what is in it.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/store/random_history.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_golden_history NAME\n");
    return 2;
  }
  try {
    const std::string name = argv[1];
    std::filesystem::remove(name + ".db");
    hd::RunStore store(name + ".db");
    store.create_parent(
        hd::testing::sample_spec("HD_golden"), "loss", hd::Goal::kMinimize, 1'760'000'000'000'000);
    const int epoch = store.take_over("HD_golden");
    hd::testing::RandomHistory random(2026);
    store.append("HD_golden", epoch, random.next(80), hd::Durability::kPowerLoss);
    std::ofstream(name + ".txt", std::ios::binary) << hd::testing::described(store, "HD_golden");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
