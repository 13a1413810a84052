#include <gtest/gtest.h>

#include "engine/config/compute_target_file.h"
#include "tests/config/reading.h"

namespace hd {
namespace {

RemoteTarget read_target(const std::string& text) {
  std::vector<Diagnostic> warnings;
  RemoteTarget target = read_compute_target(text, "gpu.yml", "/project", warnings);
  EXPECT_EQ(testing::lines(warnings), "");
  return target;
}

std::string said_of(const std::string& text) {
  std::vector<Diagnostic> warnings;
  try {
    (void)read_compute_target(text, "gpu.yml", "/project", warnings);
  } catch (const ConfigError& error) {
    return testing::lines(error.diagnostics());
  }
  return testing::lines(warnings);
}

TEST(ComputeTarget, ReadsHostsWithTheirSlots) {
  const RemoteTarget target = read_target(R"(type: remote
hosts:
- address: gpu1.example.org
  user: anna
  slots: 2
- {address: "fe80::1", port: 2222, user: anna}
private_key_file: keys/id
work_folder: /scratch/anna
environment: {OMP_NUM_THREADS: 4}
)");
  ASSERT_EQ(target.hosts.size(), 2u);
  EXPECT_EQ(target.hosts[0].port, 22);
  EXPECT_EQ(target.hosts[0].slots, 2);
  EXPECT_EQ(target.hosts[1].address, "fe80::1");
  EXPECT_EQ(target.hosts[1].port, 2222);
  EXPECT_EQ(target.slots(), 3);
  EXPECT_EQ(target.private_key_file, "/project/keys/id");
  EXPECT_EQ(target.work_folder, "/scratch/anna");
  ASSERT_EQ(target.environment.size(), 1u);
  EXPECT_EQ(target.environment[0].second, "4");
  EXPECT_FALSE(target.keep_files);
}

TEST(ComputeTarget, TellsEveryMistakeWithItsPlace) {
  const std::string said = said_of(R"(type: remot
hosts:
- address: -oProxyCommand=reboot
  user: anna
- address: b
  port: 99999
work_folder: scratch
slot: 3
)");
  EXPECT_NE(said.find("gpu.yml:1:7: type: expected remote; found remot"), said.npos) << said;
  EXPECT_NE(said.find("hosts[0].address: expected a name"), said.npos) << said;
  EXPECT_NE(said.find("hosts[1].user: is missing"), said.npos) << said;
  EXPECT_NE(said.find("hosts[1].port: expected an integer from 1 to 65535"), said.npos) << said;
  EXPECT_NE(said.find("work_folder: expected a path that begins with / or ~/"), said.npos) << said;
}

TEST(ComputeTarget, TakesNoHostTwiceAndNotNone) {
  EXPECT_NE(said_of("type: remote\nhosts: []\n").find("at least one host"), std::string::npos);
  EXPECT_NE(said_of("type: remote\nhosts:\n- {address: a, user: u}\n- {address: a, user: u}\n")
                .find("named twice"),
            std::string::npos);
}

TEST(ComputeTarget, WritesWhatItReads) {
  RemoteTarget target;
  target.description = "two: \"machines\"";
  target.hosts = {{"a", 22, "u", 1}, {"b", 2222, "v", 4}};
  target.private_key_file = "/home/anna/.ssh/id with blank";
  target.work_folder = "/scratch";
  target.python = "/opt/python";
  target.environment = {{"PATH", "/opt/bin:/usr/bin"}};
  target.keep_files = true;
  const std::string text = compute_target_text(target);
  EXPECT_EQ(compute_target_text(read_target(text)), text);
  EXPECT_NE(text.find("id with blank"), std::string::npos);
}

}  // namespace
}  // namespace hd
