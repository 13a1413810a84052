#include "engine/workspace/workspace.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "engine/workspace/engine_lock.h"
#include "engine/workspace/identifiers.h"
#include "engine/workspace/run_process.h"
#include "tests/workspace/temporary_folder.h"

namespace hd {
namespace {

namespace fs = std::filesystem;
using test::content_of;
using test::TemporaryFolder;
using testing::HasSubstr;

TEST(Workspace, IsFoundFromBelow) {
  TemporaryFolder folder;
  fs::create_directories(folder / "project/.azureml");
  fs::create_directories(folder / "project/src/deep");
  const std::string file = folder.write("project/src/train.py", "");
  for (const std::string& start : {folder / "project", folder / "project/src/deep", file}) {
    EXPECT_EQ(Workspace::locate(start), folder / "project");
  }
}

TEST(Workspace, IsThePathItselfWithoutAMarker) {
  TemporaryFolder folder;
  fs::create_directory(folder / "plain");
  EXPECT_EQ(Workspace::locate(folder / "plain"), folder / "plain");
  EXPECT_THROW((void)Workspace::locate(folder / "missing"), NotFoundError);
}

TEST(Workspace, LoginsInTheHomeFolderAreNoProject) {
  TemporaryFolder home;
  fs::create_directories(home / ".azureml/auth");
  fs::create_directory(home / "work");
  const std::string before = std::getenv("HOME") ? std::getenv("HOME") : "/";
  ::setenv("HOME", home.path().c_str(), 1);
  EXPECT_EQ(Workspace::locate(home / "work"), home / "work");
  home.write(".azureml/config.json", "{}");
  EXPECT_EQ(Workspace::locate(home / "work"), home.path());
  ::setenv("HOME", before.c_str(), 1);
}

TEST(Workspace, StateIsPrivateAndNeverCommitted) {
  TemporaryFolder folder;
  const Workspace workspace = Workspace::open_or_create(folder.path());
  struct stat status {};
  ASSERT_EQ(::stat((folder / ".hdrive").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  EXPECT_EQ(content_of(folder / ".hdrive/.gitignore"), "*\n");
  EXPECT_EQ(Workspace::open_or_create(folder.path()).state_directory(),
            workspace.state_directory());
}

TEST(Workspace, OpenCreatesNothing) {
  TemporaryFolder folder;
  EXPECT_THROW((void)Workspace::open(folder.path()), NotFoundError);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Workspace, PathsAreThoseOfTheDesign) {
  TemporaryFolder folder;
  const Workspace workspace = Workspace::open_or_create(folder.path());
  const std::string state = folder / ".hdrive";
  EXPECT_EQ(workspace.history_file(), state + "/history.db");
  EXPECT_EQ(workspace.attempt_directory("HD_1_2", 3), state + "/runs/HD_1_2/3");
  EXPECT_EQ(workspace.snapshot_directory(std::string(64, 'a')),
            state + "/snapshots/" + std::string(64, 'a'));
  EXPECT_EQ(workspace.compute_target_file("gpu.box"), state + "/computetargets/gpu.box.yml");
  EXPECT_EQ(workspace.model_directory("digits", 2), state + "/models/digits/2");
}

TEST(Workspace, NoUncheckedNameReachesAPath) {
  TemporaryFolder folder;
  const Workspace workspace = Workspace::open_or_create(folder.path());
  for (const char* name : {"", ".", "..", "../x", "a/b", "/etc", "-x", "a\nb", "a\xc3\xa9"}) {
    EXPECT_THROW((void)workspace.run_directory(name), UsageError) << name;
    EXPECT_THROW((void)workspace.attempt_directory(name, 0), UsageError) << name;
    EXPECT_THROW((void)workspace.engine_lock_file(name), UsageError) << name;
    EXPECT_THROW((void)workspace.snapshot_directory(name), UsageError) << name;
    EXPECT_THROW((void)workspace.compute_target_file(name), UsageError) << name;
    EXPECT_THROW((void)workspace.model_directory(name, 1), UsageError) << name;
  }
}

TEST(Workspace, AzureConfigIsReadButNeverNeeded) {
  TemporaryFolder folder;
  const Workspace workspace = Workspace::open_or_create(folder.path());
  EXPECT_EQ(workspace.azure_workspace().file, "");
  folder.write(".azureml/config.json",
               R"({"subscription_id":"s","resource_group":"g","workspace_name":"w"})");
  EXPECT_EQ(workspace.azure_workspace().workspace_name, "w");
  EXPECT_EQ(workspace.azure_workspace().resource_group, "g");
  folder.write(".azureml/config.json", "{");
  EXPECT_THAT(workspace.azure_workspace().problem, HasSubstr("config.json"));
}

TEST(Workspace, RefusalNamesThePathAndWhatToDo) {
  TemporaryFolder folder;
  folder.write(".hdrive", "a file");
  try {
    (void)Workspace::open_or_create(folder.path());
    FAIL();
  } catch (const FileError& error) {
    EXPECT_THAT(error.what(), HasSubstr(folder / ".hdrive"));
    EXPECT_EQ(error.code().value(), ENOTDIR);
  }
  EXPECT_THAT(FileError(EROFS, "create", "/x").what(),
              HasSubstr("read-only: use a project folder"));
  EXPECT_THAT(FileError(ENOSPC, "write", "/x").what(), HasSubstr("free some space"));
}

TEST(Workspace, FolderThatMayNotBeWrittenIsAFileError) {
  TemporaryFolder folder;
  ::chmod(folder.path().c_str(), 0555);
  // As somebody whom permissions bind, also when the tests run as root.
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::seteuid(65534) != 0) ::_exit(3);
    try {
      (void)Workspace::open_or_create(folder.path());
      ::_exit(2);
    } catch (const FileError& error) {
      ::_exit(error.code().value() == EACCES ? 0 : 4);
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  ::chmod(folder.path().c_str(), 0755);
}

TEST(Identifiers, HaveTheirForms) {
  const std::regex parent("HD_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  const std::string id = new_parent_run_id();
  EXPECT_TRUE(std::regex_match(id, parent)) << id;
  EXPECT_NE(id, new_parent_run_id());
  EXPECT_TRUE(is_valid_run_id(id + "_17"));
  const std::string script = new_script_run_id("my-exp", 1'760'000'000);
  EXPECT_TRUE(std::regex_match(script, std::regex("my-exp_1760000000_[0-9a-f]{8}"))) << script;
  EXPECT_TRUE(is_valid_run_id(script));
}

TEST(Identifiers, RunIdHasUpTo256Characters) {
  EXPECT_TRUE(is_valid_run_id("a"));
  EXPECT_TRUE(is_valid_run_id(std::string(256, 'a')));
  EXPECT_FALSE(is_valid_run_id(std::string(257, 'a')));
  EXPECT_FALSE(is_valid_run_id("_a"));
  EXPECT_FALSE(is_valid_run_id("a.b"));
}

TEST(Identifiers, ExperimentNameErrorSaysTheRuleAndWhatBrokeIt) {
  EXPECT_NO_THROW(require_experiment_name("a"));
  EXPECT_NO_THROW(require_experiment_name("1_" + std::string(98, '-')));
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "it has 0"},
      {std::string(101, 'a'), "it has 101"},
      {"_abc", "it starts with '_'"},
      {"my exp", "it contains ' '"},
      {"a/../b", "it contains '/'"}};
  for (const auto& [name, found] : cases) {
    try {
      require_experiment_name(name);
      ADD_FAILURE() << name;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("1 to 100 letters, digits, _ and -"));
      EXPECT_THAT(error.what(), HasSubstr(found));
    }
  }
}

TEST(EngineLock, IsHeldByOneAndFreedWithIt) {
  TemporaryFolder folder;
  const Workspace workspace = Workspace::open_or_create(folder.path());
  EXPECT_FALSE(EngineLock::is_held(workspace, "HD_1"));
  {
    const auto lock = EngineLock::try_acquire(workspace, "HD_1");
    ASSERT_TRUE(lock.has_value());
    EXPECT_TRUE(EngineLock::is_held(workspace, "HD_1"));
    EXPECT_EQ(EngineLock::holder(workspace, "HD_1"), ::getpid());
    EXPECT_FALSE(EngineLock::try_acquire(workspace, "HD_1").has_value());
    EXPECT_TRUE(EngineLock::try_acquire(workspace, "HD_2").has_value());
  }
  EXPECT_FALSE(EngineLock::is_held(workspace, "HD_1"));
  EXPECT_EQ(EngineLock::holder(workspace, "HD_1"), std::nullopt);
  EXPECT_THROW((void)EngineLock::try_acquire(workspace, "../x"), UsageError);
}

TEST(EngineLock, IsFreedWhenTheEngineIsKilled) {
  TemporaryFolder folder;
  const Workspace workspace = Workspace::open_or_create(folder.path());
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = EngineLock::try_acquire(workspace, "HD_1");
    if (lock) (void)!::write(ends[1], "x", 1);
    while (true) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ends[0], &byte, 1), 1);
  EXPECT_TRUE(EngineLock::is_held(workspace, "HD_1"));
  EXPECT_EQ(EngineLock::holder(workspace, "HD_1"), child);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(EngineLock::is_held(workspace, "HD_1"));
  EXPECT_TRUE(EngineLock::try_acquire(workspace, "HD_1").has_value());
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(EngineLock, IsNotInheritedByPrograms) {
  TemporaryFolder folder;
  const Workspace workspace = Workspace::open_or_create(folder.path());
  ProcessRequest request;
  request.argv = {"/bin/sh", "-c", "sleep 60 </dev/null >/dev/null 2>&1 & echo $!"};
  std::string left_behind;
  {
    const auto lock = EngineLock::try_acquire(workspace, "HD_1");
    left_behind = run_process(request).output;
  }
  EXPECT_FALSE(EngineLock::is_held(workspace, "HD_1"));
  ASSERT_GT(std::atoi(left_behind.c_str()), 1);
  ::kill(std::atoi(left_behind.c_str()), SIGKILL);
}

}  // namespace
}  // namespace hd
