#include "engine/workspace/ignore_rules.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/rng.h"
#include "engine/workspace/run_process.h"
#include "engine/workspace/source_tree.h"
#include "tests/workspace/temporary_folder.h"

namespace hd {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

/// Paths (relative to the root, folders included) that git excludes.
std::set<std::string> excluded_by_git(const std::string& root, const std::set<std::string>& paths) {
  ProcessRequest request;
  request.argv = {"git",
                  "-c",
                  "core.excludesFile=/dev/null",
                  "-c",
                  "core.ignoreCase=false",
                  "check-ignore",
                  "--no-index",
                  "--stdin",
                  "-z"};
  request.directory = root;
  request.timeout = std::chrono::minutes(2);
  for (const std::string& path : paths) request.input += path + '\0';
  const ProcessResult result = run_process(request);
  // 1 = none of them is excluded.
  EXPECT_TRUE(result.kind == ProcessResult::Kind::kExited && result.code <= 1)
      << describe(result) << ": " << result.errors;
  std::set<std::string> excluded;
  for (std::size_t at = 0; at < result.output.size();) {
    const std::size_t end = result.output.find('\0', at);
    excluded.insert(result.output.substr(at, end - at));
    at = end + 1;
  }
  return excluded;
}

void make_repository(const TemporaryFolder& folder) {
  ProcessRequest request;
  request.argv = {"git", "init", "-q", "--template=", folder.path()};
  const ProcessResult result = run_process(request);
  ASSERT_TRUE(result.succeeded()) << "these tests need git: " << describe(result) << result.errors;
}

std::set<std::string> paths_below(const std::string& root, bool include_git = false) {
  std::set<std::string> paths;
  for (auto entry = fs::recursive_directory_iterator(root);
       entry != fs::recursive_directory_iterator();
       ++entry) {
    if (!include_git && entry->path().filename() == ".git") {
      entry.disable_recursion_pending();
      continue;
    }
    paths.insert(entry->path().string().substr(root.size() + 1));
  }
  return paths;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : rng_(seed, RngPurpose::kTest, 0) {}
  int below(int bound) {
    return static_cast<int>(rng_.next_below(static_cast<std::uint64_t>(bound)));
  }
  template <class T>
  const T& of(const std::vector<T>& items) {
    return items[static_cast<std::size_t>(below(static_cast<int>(items.size())))];
  }

 private:
  Rng rng_;
};

std::string random_name(Random& random) {
  static const std::vector<std::string> kUsual{
      "a", "b", "ab", "foo", "foo.o", "bar.txt", "A", "c]", "a-b", "x y", "#k", "!n", "t ", "\\w"};
  if (random.below(4) != 0) return random.of(kUsual);
  static const std::vector<std::string> kPieces{
      "a", "b", "c", "o", ".o", "-", "[", "]", "!", "#", "*", "\\", " ", "^", "\xc3\xa9"};
  std::string name;
  for (int i = 1 + random.below(4); i > 0; --i) name += random.of(kPieces);
  return name;
}

std::string random_pattern(Random& random, const std::vector<std::string>& paths) {
  static const std::vector<std::string> kPieces{"*",           "**",
                                                "?",           "/",
                                                "/**/",        "**/",
                                                "/**",         "/*",
                                                "a",           "b",
                                                "foo",         ".o",
                                                "[ab]",        "[!a]",
                                                "[^b]",        "[a-c]",
                                                "[]a]",        "[!]]",
                                                "[a-",         "[",
                                                "[[:alpha:]]", "[[:upper:]b]",
                                                "[[:x:]]",     "[[:a]",
                                                "\\a",         "\\*",
                                                "\\",          "\\ ",
                                                " ",           "-",
                                                "[\\]a]",      "[a\\-z]",
                                                "[--/]",       "]",
                                                "txt",         "***",
                                                "!",           "#",
                                                "\\/",         "[[:space:]]"};
  std::string pattern;
  switch (random.below(4)) {
    case 0:  // a path of the tree, changed in places
    case 1: {
      pattern = random.of(paths);
      for (int i = random.below(3); i > 0 && !pattern.empty(); --i) {
        const auto at = static_cast<std::size_t>(random.below(static_cast<int>(pattern.size())));
        pattern.replace(at, static_cast<std::size_t>(random.below(3)), random.of(kPieces));
      }
      break;
    }
    default:
      for (int i = 1 + random.below(5); i > 0; --i) pattern += random.of(kPieces);
  }
  if (random.below(4) == 0) pattern.insert(0, "/");
  if (random.below(4) == 0) pattern += "/";
  if (random.below(5) == 0) pattern.insert(0, "!");
  if (random.below(10) == 0) pattern += "  ";
  if (random.below(20) == 0) pattern += "\r";
  if (random.below(20) == 0) pattern += "\t";
  return pattern;
}

/// A random tree with random ignore files below `root`/`name`; returns the ignore files for
/// messages.
std::string make_random_case(const TemporaryFolder& root, const std::string& name, Random& random) {
  std::vector<std::string> folders{""}, paths;
  for (int i = 12 + random.below(14); i > 0; --i) {
    const std::string path = random.of(folders) + random_name(random);
    const std::string absolute = root / (name + "/" + path);
    if (fs::exists(fs::symlink_status(absolute))) continue;
    const int kind = random.below(10);
    if (kind < 4) {
      fs::create_directories(absolute);
      folders.push_back(path + "/");
    } else if (kind == 4) {
      fs::create_directories(fs::path(absolute).parent_path());
      fs::create_directory_symlink(".", absolute);
    } else {
      root.write(name + "/" + path, "");
    }
    paths.push_back(path);
  }
  std::string shown;
  for (int i = 0; i < 3; ++i) {
    const std::string& folder = i == 0 ? folders[0] : random.of(folders);
    std::string text = random.below(10) == 0 ? "\xef\xbb\xbf" : "";
    for (int line = 1 + random.below(5); line > 0; --line) {
      text += random_pattern(random, paths) + (line == 1 && random.below(3) == 0 ? "" : "\n");
    }
    root.write(name + "/" + folder + ".gitignore", text);
    shown += "--- " + folder + ".gitignore\n" + text + "\n";
  }
  return shown;
}

std::set<std::string> kept_by_us(const std::string& root) {
  std::set<std::string> kept;
  for (const SourceEntry& entry : list_source_tree(root, {}).entries) kept.insert(entry.path);
  return kept;
}

class RandomTrees : public testing::TestWithParam<int> {};

TEST_P(RandomTrees, AreListedAsGitSees) {
  constexpr int kCases = 100;
  TemporaryFolder root;
  make_repository(root);
  std::vector<std::string> shown;
  for (int i = 0; i < kCases; ++i) {
    Random random(static_cast<std::uint64_t>(GetParam() * kCases + i));
    shown.push_back(make_random_case(root, "case" + std::to_string(i), random));
  }
  std::set<std::string> kept_by_git = paths_below(root.path());
  std::size_t excluded = 0;
  for (const std::string& path : excluded_by_git(root.path(), kept_by_git)) {
    kept_by_git.erase(path);
    ++excluded;
  }
  // Neither everything nor nothing: the comparison means something.
  EXPECT_GT(excluded, 100U);
  EXPECT_GT(kept_by_git.size(), 200U);
  for (int i = 0; i < kCases; ++i) {
    const std::string prefix = "case" + std::to_string(i) + "/";
    std::set<std::string> expected;
    for (auto path = kept_by_git.lower_bound(prefix);
         path != kept_by_git.end() && path->rfind(prefix, 0) == 0;
         ++path) {
      expected.insert(path->substr(prefix.size()));
    }
    EXPECT_EQ(kept_by_us(root / prefix.substr(0, prefix.size() - 1)), expected)
        << "seed " << GetParam() * kCases + i << "\n"
        << shown[static_cast<std::size_t>(i)];
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomTrees, testing::Range(0, 8));

TEST(IgnoreRules, RandomPatternsMatchAsInGit) {
  // Many patterns, one per folder, against the same few paths: deeper into wildcards than whole
  // trees.
  constexpr int kFolders = 1500;
  const std::vector<std::string> paths{"a",
                                       "b",
                                       "ab",
                                       "foo",
                                       "foo.o",
                                       "a/b",
                                       "a/b/c",
                                       "a/foo",
                                       "foo/a",
                                       "foo/b/a.txt",
                                       "b/a/foo",
                                       "c]",
                                       "a-b"};
  TemporaryFolder root;
  make_repository(root);
  std::set<std::string> all;
  std::map<std::string, std::string> pattern_of;
  Random random(4711);
  for (int i = 0; i < kFolders; ++i) {
    const std::string name = "f" + std::to_string(i);
    // Nothing but the ignore files need exist: git takes what is not there for a file.
    pattern_of[name] = random_pattern(random, paths);
    root.write(name + "/.gitignore", pattern_of[name] + "\n");
    for (const std::string& path : paths) all.insert(name + "/" + path);
  }
  const std::set<std::string> excluded = excluded_by_git(root.path(), all);
  EXPECT_GT(excluded.size(), 500U);
  for (const auto& [name, pattern] : pattern_of) {
    const auto rules = IgnoreRules::in_folder(nullptr, "", pattern);
    for (const std::string& path : paths) {
      bool ours = rules->excludes(path, false);
      for (std::size_t slash = path.find('/'); slash != std::string::npos;
           slash = path.find('/', slash + 1)) {
        ours = ours || rules->excludes(path.substr(0, slash), true);
      }
      EXPECT_EQ(ours, excluded.count(name + "/" + path) != 0)
          << "pattern <" << pattern << "> path " << path;
    }
  }
}

bool excludes(std::string_view text, std::string_view path, bool is_directory = false) {
  return IgnoreRules::in_folder(nullptr, "", text)->excludes(path, is_directory);
}

TEST(IgnoreRules, LastMatchingPatternDecides) {
  EXPECT_TRUE(excludes("*.o\n", "deep/a.o"));
  EXPECT_FALSE(excludes("*.o\n!a.o\n", "a.o"));
  EXPECT_TRUE(excludes("*.o\n!a.o\na.*\n", "a.o"));
}

TEST(IgnoreRules, SlashAnchorsAndTrailingSlashMeansFolder) {
  EXPECT_TRUE(excludes("/a\n", "a"));
  EXPECT_FALSE(excludes("/a\n", "b/a"));
  EXPECT_FALSE(excludes("a/\n", "a"));
  EXPECT_TRUE(excludes("a/\n", "b/a", true));
}

TEST(IgnoreRules, CommentsEscapesAndSpacesAreAsInGit) {
  EXPECT_FALSE(excludes("#a\n", "#a"));
  EXPECT_TRUE(excludes("\\#a\n", "#a"));
  EXPECT_TRUE(excludes("\\!a\n", "!a"));
  EXPECT_TRUE(excludes("a  \n", "a"));
  EXPECT_TRUE(excludes("a\\ \n", "a "));
  EXPECT_TRUE(excludes("a\r\n", "a"));
}

TEST(IgnoreRules, CaseMatters) { EXPECT_FALSE(excludes("Data\n", "data")); }

TEST(IgnoreRules, HostilePatternTakesNoExponentialTime) {
  std::string pattern, path;
  for (int i = 0; i < 200; ++i) pattern += "*a**/";
  for (int i = 0; i < 1000; ++i) path += "a";
  EXPECT_FALSE(excludes(pattern + "b\n", path));
}

TEST(SourceTree, AmlignoreReplacesTheGitignoreOfItsFolderOnly) {
  TemporaryFolder root;
  root.write(".gitignore", "*.log\n");
  root.write(".amlignore", "*.csv\n");
  root.write("a.log", "");
  root.write("a.csv", "");
  root.write("sub/.gitignore", "*.bin\n");
  root.write("sub/b.bin", "");
  root.write("sub/b.csv", "");
  EXPECT_EQ(kept_by_us(root.path()),
            (std::set<std::string>{".gitignore", ".amlignore", "a.log", "sub", "sub/.gitignore"}));
}

TEST(SourceTree, NeverHoldsGitOrHdriveButAzureml) {
  TemporaryFolder root;
  root.write(".gitignore", "!.git\n!.hdrive\n");
  for (const char* name : {".git/x", ".hdrive/x", "sub/.hdrive/x", "sub/.git", ".azureml/x"}) {
    root.write(name, "");
  }
  EXPECT_EQ(kept_by_us(root.path()),
            (std::set<std::string>{".gitignore", ".azureml", ".azureml/x", "sub"}));
}

}  // namespace
}  // namespace hd
