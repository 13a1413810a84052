#include "engine/config/find_files.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "engine/core/error.h"

namespace hd {
namespace {

namespace fs = std::filesystem;

class FindFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "find_files_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path put(const std::string& name) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << "x: 1\n";
    return folder_ / name;
  }

  fs::path folder_;
};

TEST_F(FindFiles, HdconfigIsTheFileItself) {
  const fs::path path = put("configs/a.yml");
  put("a.yml");
  EXPECT_EQ(find_hdconfig(folder_, path.string()).path, path);
}

TEST_F(FindFiles, HdconfigIsFoundByTheEndOfItsName) {
  const fs::path path = put("deep/er/my_hdconfig.yml");
  put("deep/hdconfig.yml.bak");
  const FoundFile found = find_hdconfig(folder_, "hdconfig.yml");
  EXPECT_EQ(found.path, path);
  EXPECT_EQ(found.note, "");
  EXPECT_EQ(find_hdconfig(folder_, "er/my_hdconfig.yml").path, path);
}

TEST_F(FindFiles, LastHdconfigWinsAndTheNoteNamesTheOthers) {
  const fs::path a = put("a/hdconfig.yml");
  const fs::path b = put("b/hdconfig.yml");
  const FoundFile found = find_hdconfig(folder_, "hdconfig.yml");
  EXPECT_EQ(found.path, b);
  EXPECT_EQ(found.note,
            "2 files end with hdconfig.yml; using " + b.string() + ", not " + a.string());
}

TEST_F(FindFiles, ToolFoldersAndLinksAreNotSearched) {
  for (const char* name :
       {".git/h.yml", ".hdrive/snapshots/h.yml", ".venv/h.yml", "x/.git/h.yml"}) {
    put(name);
  }
  fs::create_directory_symlink(folder_, folder_ / "loop");
  EXPECT_THROW((void)find_hdconfig(folder_, "h.yml"), NotFoundError);
  put(".azureml/h.yml");
  EXPECT_EQ(find_hdconfig(folder_, "h.yml").path, folder_ / ".azureml/h.yml");
}

TEST_F(FindFiles, SaysWhatWasLookedFor) {
  try {
    (void)find_hdconfig(folder_, "nothing.yml");
    FAIL();
  } catch (const NotFoundError& error) {
    EXPECT_EQ(std::string(error.what()),
              "there is no hdconfig nothing.yml: it is not a file, and no file under " +
                  folder_.string() + " has a name that ends with it");
  }
  EXPECT_THROW((void)find_hdconfig(folder_, ""), UsageError);
  EXPECT_THROW((void)find_hdconfig(folder_ / "none", "a"), NotFoundError);
  try {
    (void)find_runconfig(folder_, "cpu");
    FAIL();
  } catch (const NotFoundError& error) {
    const std::string f = folder_.string();
    EXPECT_EQ(std::string(error.what()),
              "there is no runconfig cpu; looked for " + f + "/.azureml/cpu, " + f +
                  "/aml_config/cpu, " + f + "/.azureml/cpu.runconfig, " + f +
                  "/aml_config/cpu.runconfig, " + f + "/cpu.runconfig, cpu");
  }
}

TEST_F(FindFiles, RunconfigOrder) {
  const fs::path top = put("cpu.runconfig");
  EXPECT_EQ(find_runconfig(folder_, "cpu").path, top);
  const fs::path old = put("aml_config/cpu.runconfig");
  EXPECT_EQ(find_runconfig(folder_, "cpu").path, old);
  const fs::path usual = put(".azureml/cpu.runconfig");
  EXPECT_EQ(find_runconfig(folder_, "cpu").path, usual);
  EXPECT_EQ(find_runconfig(folder_, "cpu.runconfig").path, usual);
  const fs::path bare = put(".azureml/cpu");
  EXPECT_EQ(find_runconfig(folder_, "cpu").path, bare);
  fs::create_directories(folder_ / ".azureml/gpu");
  EXPECT_THROW((void)find_runconfig(folder_, "gpu"), NotFoundError) << "a folder is no file";
}

TEST_F(FindFiles, ReadsTextWithinTheLimit) {
  EXPECT_EQ(read_config_text(put("a")), "x: 1\n");
  EXPECT_THROW((void)read_config_text(folder_ / "none"), NotFoundError);
  EXPECT_THROW((void)read_config_text(folder_), NotFoundError);
  std::ofstream(folder_ / "big") << std::string(10'000'000, 'x');
  EXPECT_THROW((void)read_config_text(folder_ / "big"), ConfigError);
}

}  // namespace
}  // namespace hd
