#include "engine/workspace/model_registry.h"

#include <filesystem>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "engine/workspace/model_manifest.h"
#include "tests/workspace/temporary_folder.h"

namespace hd {
namespace {

namespace fs = std::filesystem;
using test::content_of;
using test::TemporaryFolder;
using testing::ElementsAre;

constexpr const char* kHashOfAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

struct Fixture : testing::Test {
  TemporaryFolder folder;
  Workspace workspace = Workspace::open_or_create(folder.path());
  ModelRegistry registry{workspace};

  [[nodiscard]] std::string directory(const std::string& name, int version) const {
    return workspace.model_directory(name, version);
  }
};
using Registry = Fixture;

TEST_F(Registry, KeepsAFileWithAllThatWasSaid) {
  const std::string source = folder.write("outputs/model.pkl", "abc");
  ModelFacts facts;
  facts.created_time_utc = "2026-11-26T12:00:00.000Z";
  facts.description = "about \"it\"";
  facts.framework = "ScikitLearn";
  facts.framework_version = "1.2";
  facts.run_id = "HD_1_3";
  facts.experiment = "digits";
  facts.tags = {{"lr", "0.1"}, {"k", ""}};
  facts.properties = {{"p", "q"}};
  EXPECT_EQ(registry.add("digits", source, facts).id(), "digits:1");
  const RegisteredModel model = registry.find("digits", std::nullopt);
  EXPECT_EQ(model.id(), "digits:1");
  EXPECT_EQ(model.path, "model.pkl");
  EXPECT_EQ(model.facts.created_time_utc, facts.created_time_utc);
  EXPECT_EQ(model.facts.description, facts.description);
  EXPECT_EQ(model.facts.framework, "ScikitLearn");
  EXPECT_EQ(model.facts.framework_version, "1.2");
  EXPECT_EQ(model.facts.run_id, "HD_1_3");
  EXPECT_EQ(model.facts.experiment, "digits");
  EXPECT_EQ(model.facts.tags, facts.tags);
  EXPECT_EQ(model.facts.properties, facts.properties);
  ASSERT_EQ(model.files.size(), 1U);
  EXPECT_EQ(model.files[0].path, "model.pkl");
  EXPECT_EQ(model.files[0].size, 3);
  EXPECT_EQ(model.files[0].sha256, kHashOfAbc);
  // The same number as the packages for scripts compute; tests/python/test_models.py has it too.
  EXPECT_EQ(model.content_hash, "79af10cab1ec6b2c33116d40f5a3d26c429cbdd0a91b005deb2d75d5f1210e3f");
  EXPECT_EQ(content_of(registry.files_directory(model) + "/model.pkl"), "abc");
}

TEST_F(Registry, IsPrivate) {
  const std::string source = folder.write("m/sub/w", "x");
  fs::permissions(source, fs::perms::all);
  (void)registry.add("m", folder / "m", {});
  int seen = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder / ".hdrive/models")) {
    const auto mode = fs::status(entry).permissions();
    EXPECT_EQ(mode,
              entry.is_directory() ? fs::perms::owner_all
                                   : fs::perms::owner_read | fs::perms::owner_write)
        << entry.path();
    ++seen;
  }
  EXPECT_EQ(seen, 7);
}

TEST_F(Registry, TheSameFilesHaveTheSameHash) {
  folder.write("a/model/x", "1");
  folder.write("a/model/y/z", "2");
  folder.write("b/model/x", "1");
  folder.write("b/model/y/z", "2");
  const auto first = registry.add("one", folder / "a/model", {});
  const auto second = registry.add("two", folder / "b/model/", {});
  EXPECT_EQ(first.content_hash, second.content_hash);
  EXPECT_EQ(second.path, "model");
  folder.write("b/model/x", "3");
  EXPECT_NE(registry.add("two", folder / "b/model", {}).content_hash, first.content_hash);
  auto files = first.files;
  std::swap(files.front(), files.back());
  EXPECT_EQ(model_content_hash(files), first.content_hash);
}

TEST_F(Registry, LinksAreFollowedToFilesAlone) {
  folder.write("far/w", "far");
  folder.write("m/own", "own");
  fs::create_symlink(folder / "far/w", folder / "m/link");
  fs::create_directory_symlink(folder / "far", folder / "m/folder");
  fs::create_symlink("nowhere", folder / "m/broken");
  ASSERT_EQ(::mkfifo((folder / "m/pipe").c_str(), 0600), 0);
  std::vector<std::string> paths;
  for (const ModelFile& file : registry.add("m", folder / "m", {}).files) {
    paths.push_back(file.path);
  }
  EXPECT_THAT(paths, ElementsAre("m/link", "m/own"));
}

TEST_F(Registry, NothingIsLeftOfWhatCannotBeRegistered) {
  EXPECT_THROW((void)registry.add("m", folder / "none", {}), NotFoundError);
  fs::create_directory(folder / "empty");
  EXPECT_THROW((void)registry.add("m", folder / "empty", {}), NotFoundError);
  folder.write("bad/\xff", "x");
  EXPECT_THROW((void)registry.add("m", folder / "bad", {}), UsageError);
  EXPECT_THAT(registry.names(), ElementsAre());
  EXPECT_THAT(registry.versions("m"), ElementsAre());
}

TEST_F(Registry, NamesThatLeadElsewhereAreRefused) {
  const std::string source = folder.write("m", "x");
  for (const char* name : {"", "..", "a/b", ".x", "-x", "a b", "\xc3\xa4"}) {
    EXPECT_THROW((void)registry.add(name, source, {}), UsageError) << name;
    EXPECT_THROW((void)registry.find(name, 1), UsageError) << name;
    EXPECT_THROW((void)registry.versions(name), UsageError) << name;
  }
}

TEST_F(Registry, RegistrationsAtOnceGetVersionsOfTheirOwn) {
  const std::string source = folder.write("m", "x");
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int n = 0; n < 5; ++n) (void)registry.add("m", source, {});
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(registry.versions("m").size(), 40U);
  EXPECT_EQ(registry.versions("m").back(), 40);
}

TEST_F(Registry, ARegistrationUnderWayIsNoModelAndKeepsItsNumber) {
  const std::string source = folder.write("m", "x");
  fs::create_directories(directory("m", 3) + "/files");
  fs::create_directories(folder / ".hdrive/models/m/notes");
  fs::create_directories(folder / ".hdrive/models/m/04");
  folder.write(".hdrive/models/..odd/1/model.json", "{}");
  EXPECT_THAT(registry.names(), ElementsAre());
  EXPECT_THROW((void)registry.find("m", 3), NotFoundError);
  EXPECT_EQ(registry.add("m", source, {}).version, 4);
  EXPECT_THAT(registry.names(), ElementsAre("m"));
}

TEST_F(Registry, RemovedVersionsAreGoneAndTheirNumbersToo) {
  const std::string source = folder.write("m", "x");
  (void)registry.add("m", source, {});
  (void)registry.add("m", source, {});
  registry.remove("m", 2);
  EXPECT_THAT(registry.versions("m"), ElementsAre(1));
  EXPECT_EQ(registry.find("m", std::nullopt).version, 1);
  EXPECT_FALSE(fs::exists(directory("m", 2) + "/files"));
  EXPECT_THROW(registry.remove("m", 2), NotFoundError);
  EXPECT_THROW(registry.remove("m", -1), NotFoundError);
  EXPECT_EQ(registry.add("m", source, {}).version, 3);
}

TEST_F(Registry, DownloadsWhatWasRegistered) {
  folder.write("model/w", "weights");
  folder.write("model/sub/v", "more");
  const auto model = registry.add("m", folder / "model", {});
  EXPECT_EQ(registry.download(model, folder / "got/here", false), folder / "got/here/model");
  EXPECT_EQ(content_of(folder / "got/here/model/sub/v"), "more");
  folder.write("got/here/model/w", "mine");
  EXPECT_THROW((void)registry.download(model, folder / "got/here", false), UsageError);
  EXPECT_EQ(content_of(folder / "got/here/model/w"), "mine");
  (void)registry.download(model, folder / "got/here", true);
  EXPECT_EQ(content_of(folder / "got/here/model/w"), "weights");
}

TEST_F(Registry, ChangedContentIsNoticed) {
  const auto model = registry.add("m", folder.write("w", "weights"), {});
  folder.write(".hdrive/models/m/1/files/w", "other");
  EXPECT_THROW((void)registry.download(model, folder / "got", false), StoreError);
  fs::remove(directory("m", 1) + "/files/w");
  fs::create_symlink("/etc/hostname", directory("m", 1) + "/files/w");
  EXPECT_THROW((void)registry.download(model, folder / "again", false), FileError);
}

TEST_F(Registry, DamagedManifestsAreToldNotFollowed) {
  const auto model = registry.add("m", folder.write("w", "weights"), {});
  const std::string good = write_model_manifest(model);
  const auto replaced = [&](const std::string& what, const std::string& with) {
    std::string text = good;
    text.replace(text.find(what), what.size(), with);
    return text;
  };
  for (const std::string& text : {std::string(),
                                  std::string("[]"),
                                  good.substr(0, good.size() / 2),
                                  replaced("\"version\":1", "\"version\":\"1\""),
                                  replaced("\"version\":1", "\"version\":2"),
                                  replaced("\"name\":\"m\"", "\"name\":\"n\""),
                                  replaced("\"path\":\"w\"", "\"path\":\"../w\""),
                                  replaced("{\"path\":\"w\"", "{\"path\":\"a/../../w\""),
                                  replaced("{\"path\":\"w\"", "{\"path\":\"/w\""),
                                  replaced("{\"path\":\"w\"", "{\"path\":\"w\\u0000\""),
                                  replaced("\"size\":7", "\"size\":-7"),
                                  replaced("\"tags\":{}", "\"tags\":[]")}) {
    folder.write(".hdrive/models/m/1/model.json", text);
    EXPECT_THROW((void)registry.find("m", 1), StoreError) << text;
  }
  registry.remove("m", 1);
  EXPECT_THAT(registry.names(), ElementsAre());
}

TEST(ModelManifest, ReadsWhatScriptsWrite) {
  const RegisteredModel model = read_model_manifest(
      R"({"name": "m", "version": 2, "path": "w", "contentHash": "0", "files": [], "later": 1,
          "tags": {"n": "1", "odd": 2}})",
      "file");
  EXPECT_EQ(model.id(), "m:2");
  EXPECT_THAT(model.facts.tags, ElementsAre(testing::Pair("n", "1"), testing::Pair("odd", "2")));
  EXPECT_EQ(model.facts.run_id, "");
}

}  // namespace
}  // namespace hd
