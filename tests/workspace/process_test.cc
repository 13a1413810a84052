#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "engine/workspace/git_info.h"
#include "engine/workspace/python_interpreter.h"
#include "engine/workspace/run_process.h"
#include "tests/workspace/temporary_folder.h"

namespace hd {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;

ProcessResult shell(const std::string& text,
                    std::chrono::milliseconds timeout = std::chrono::minutes(1)) {
  ProcessRequest request;
  request.argv = {"/bin/sh", "-c", text};
  request.timeout = timeout;
  return run_process(request);
}

TEST(RunProcess, CapturesBothOutputsAndTheExitCode) {
  const ProcessResult result = shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(result.kind, ProcessResult::Kind::kExited);
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_EQ(describe(result), "exit code 3");
}

TEST(RunProcess, PassesArgumentsUntouchedAndSetsFolderAndEnvironment) {
  TemporaryFolder folder;
  ::setenv("HD_TEST_REMOVED", "1", 1);
  ProcessRequest request;
  request.argv = {"/bin/sh",
                  "-c",
                  "printf '%s|' \"$@\" \"$PWD\" \"$HD_A\" \"${HD_TEST_REMOVED-gone}\"",
                  "sh",
                  "a b",
                  "$(x)",
                  "*"};
  request.directory = folder.path();
  request.environment = {{"HD_A", "v w"}, {"HD_TEST_REMOVED", std::nullopt}};
  EXPECT_EQ(run_process(request).output, "a b|$(x)|*|" + folder.path() + "|v w|gone|");
}

TEST(RunProcess, MovesMoreThanAPipeHolds) {
  ProcessRequest request;
  request.argv = {"cat"};
  request.input = std::string(3'000'000, 'x');
  EXPECT_EQ(run_process(request).output, request.input);
  request.output_limit = 1000;
  const ProcessResult cut = run_process(request);
  EXPECT_EQ(cut.output.size(), 1000U);
  EXPECT_TRUE(cut.truncated);
}

TEST(RunProcess, SurvivesAProgramThatReadsNothing) {
  ProcessRequest request;
  request.argv = {"true"};
  request.input = std::string(3'000'000, 'x');
  EXPECT_TRUE(run_process(request).succeeded());
}

TEST(RunProcess, KillsTheWholeGroupPastItsTimeout) {
  TemporaryFolder folder;
  ProcessRequest request;
  request.argv = {"/bin/sh", "-c", "sleep 600 & echo $!; wait"};
  request.timeout = std::chrono::milliseconds(500);
  const ProcessResult result = run_process(request);
  EXPECT_EQ(result.kind, ProcessResult::Kind::kTimedOut);
  const int grandchild = std::atoi(result.output.c_str());
  ASSERT_GT(grandchild, 1);
  // Dead, or dead and not yet buried by init.
  for (int i = 0; i < 2000; ++i) {
    const std::string state = test::content_of("/proc/" + std::to_string(grandchild) + "/stat");
    if (state.empty() || state.find(") Z ") != std::string::npos) return;
    ::usleep(5000);
  }
  ADD_FAILURE() << "process " << grandchild << " is still there";
}

TEST(RunProcess, DoesNotWaitForWhatTheProgramLeftBehind) {
  const ProcessResult result = shell("sleep 600 & echo $!", std::chrono::minutes(5));
  EXPECT_TRUE(result.succeeded());
  ASSERT_GT(std::atoi(result.output.c_str()), 1);
  ::kill(std::atoi(result.output.c_str()), SIGKILL);
}

TEST(RunProcess, TellsSignalsAndProgramsThatCannotStart) {
  EXPECT_EQ(describe(shell("kill -9 $$")), "signal 9 (Killed)");
  ProcessRequest request;
  request.argv = {"/no/such/program"};
  const ProcessResult result = run_process(request);
  EXPECT_EQ(result.kind, ProcessResult::Kind::kNotStarted);
  EXPECT_EQ(result.code, ENOENT);
}

class GitInfo : public testing::Test {
 protected:
  void git(const std::string& arguments) {
    const ProcessResult result =
        shell("cd '" + folder_.path() +
              "' && git -c user.name=n -c user.email=e@x -c commit.gpgsign=false " + arguments);
    ASSERT_TRUE(result.succeeded()) << result.errors;
  }
  std::map<std::string, std::string> properties(const std::string& below = "") {
    const auto list = git_properties(folder_.path() + below);
    return {list.begin(), list.end()};
  }
  TemporaryFolder folder_;
};

TEST_F(GitInfo, CredentialsLeaveTheAddress) {
  const std::map<std::string, std::string> cases{
      {"https://user:secret@host/a.git", "https://host/a.git"},
      {"https://ghp_token@host:8443/a@b.git", "https://host:8443/a@b.git"},
      {"HTTP://u:p@ss@host", "HTTP://host"},
      {"https://host/a.git?access_token=secret#x", "https://host/a.git"},
      {"ssh://git:secret@host:22/a.git", "ssh://git@host:22/a.git"},
      {"git@host:a/b.git", "git@host:a/b.git"},
      {"/srv/a.git", "/srv/a.git"},
      {"https://host/a.git", "https://host/a.git"}};
  for (const auto& [url, clean] : cases) EXPECT_EQ(without_credentials(url), clean);
}

TEST_F(GitInfo, IsEmptyOutsideARepository) { EXPECT_TRUE(properties().empty()); }

TEST_F(GitInfo, TellsRemoteBranchCommitAndDirt) {
  git("init -q -b main");
  EXPECT_EQ(properties().count("azureml.git.commit"), 0U);
  folder_.write("sub/a.txt", "a");
  git("add .");
  git("commit -q -m first");
  auto found = properties("/sub");
  EXPECT_EQ(found.at("azureml.git.branch"), "main");
  EXPECT_EQ(found.at("azureml.git.dirty"), "False");
  EXPECT_EQ(found.at("azureml.git.commit").size(), 40U);
  EXPECT_EQ(found.at("mlflow.source.git.commit"), found.at("azureml.git.commit"));
  EXPECT_EQ(found.count("azureml.git.repository_uri"), 0U);
  git("remote add origin https://me:secret@example.com/a.git");
  folder_.write("sub/b.txt", "b");
  found = properties("/sub");
  EXPECT_EQ(found.at("azureml.git.repository_uri"), "https://example.com/a.git");
  EXPECT_EQ(found.at("mlflow.source.git.repoURL"), "https://example.com/a.git");
  EXPECT_EQ(found.at("azureml.git.dirty"), "True");
  git("checkout -q --detach");
  EXPECT_EQ(properties().count("azureml.git.branch"), 0U);
}

/// PATH for the length of a test.
class SearchPath {
 public:
  explicit SearchPath(const std::string& path) : before_(std::getenv("PATH")) {
    ::setenv("PATH", path.c_str(), 1);
  }
  ~SearchPath() { ::setenv("PATH", before_.c_str(), 1); }
  SearchPath(const SearchPath&) = delete;
  SearchPath& operator=(const SearchPath&) = delete;

 private:
  std::string before_;
};

std::string program(const TemporaryFolder& folder,
                    const std::string& name,
                    const std::string& text) {
  std::string file = folder.write(name, "#!/bin/sh\n" + text + "\n");
  ::chmod(file.c_str(), 0755);
  return file;
}

TEST(FindPython, TakesTheOneOnPathThatRuns) {
  const PythonInterpreter python = find_python("python", "/");
  EXPECT_EQ(python.path.front(), '/');
  EXPECT_EQ(python.version.substr(0, 2), "3.");
}

TEST(FindPython, PassesOverOnesThatDoNotRunAndOldOnes) {
  TemporaryFolder broken, old, good;
  program(broken, "python", "echo 'pyenv: python: command not found' >&2; exit 127");
  program(old, "python", "printf '2.7.18\\n/usr/bin/python2\\n'");
  program(good, "python3", "printf '3.11.2\\n/no/such/python\\n'");
  const SearchPath path(broken.path() + ":relative::" + old.path() + ":" + good.path());
  EXPECT_EQ(find_python("", "/").path, good / "python3");
  EXPECT_EQ(find_python("python", "/").version, "3.11.2");
}

TEST(FindPython, KeepsTheChoiceOfAShim) {
  TemporaryFolder folder;
  const std::string real = find_python("python", "/").path;
  program(folder, "python", "exec '" + real + "' \"$@\"");
  const SearchPath path(folder.path());
  EXPECT_EQ(find_python("python", "/").path, real);
}

TEST(FindPython, KeepsTheLinkOfAVirtualEnvironment) {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder / "bin");
  std::filesystem::create_symlink(find_python("python", "/").path, folder / "bin/python");
  EXPECT_EQ(find_python(folder / "bin/python", "/").path, folder / "bin/python");
  EXPECT_EQ(find_python("bin/python", folder.path()).path, folder / "bin/python");
  const SearchPath path(folder / "bin");
  EXPECT_EQ(find_python("python", "/").path, folder / "bin/python");
}

TEST(FindPython, ErrorNamesWhatWasTried) {
  TemporaryFolder folder;
  const std::string bad = program(folder, "python", "echo broken >&2; exit 1");
  const SearchPath path(folder.path());
  try {
    (void)find_python("python", "/");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'python' or 'python3' in " + folder.path()));
    EXPECT_THAT(error.what(), HasSubstr(bad + ": exit code 1, broken"));
    EXPECT_THAT(error.hint(), HasSubstr("interpreterPath"));
  }
  EXPECT_THROW((void)find_python("python9", "/"), UsageError);
  EXPECT_THROW((void)find_python("/no/such/python", "/"), UsageError);
  EXPECT_THROW((void)find_python(folder.write("plain", ""), "/"), UsageError);
}

}  // namespace
}  // namespace hd
