#include "tests/executors/ssh_server.h"

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace hd::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kServer = "/usr/sbin/sshd";

sockaddr_in address_of(const std::string& address, int port) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address.c_str(), &place.sin_addr);
  return place;
}

int free_port(const std::string& address) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place = address_of(address, 0);
  socklen_t size = sizeof place;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&place), size), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&place), &size), 0);
  ::close(fd);
  return ntohs(place.sin_port);
}

bool answers(const std::string& address, int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place = address_of(address, port);
  const bool connected = ::connect(fd, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0;
  ::close(fd);
  return connected;
}

pid_t spawn(std::vector<std::string> words) {
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  EXPECT_EQ(::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ), 0) << words[0];
  ::posix_spawn_file_actions_destroy(&actions);
  return pid;
}

void run(std::vector<std::string> words) {
  int status = -1;
  ::waitpid(spawn(std::move(words)), &status, 0);
  EXPECT_EQ(status, 0);
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string user_name() { return ::getpwuid(::geteuid())->pw_name; }

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  const std::string id = std::to_string(pid);
  std::ifstream list("/proc/" + id + "/task/" + id + "/children");
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

}  // namespace

bool SshServer::can_run() { return ::access(kServer, X_OK) == 0; }

SshServer::SshServer(const std::string& address) : address_(address) {
  std::string name = (fs::temp_directory_path() / "hdrive-sshd-XXXXXX").string();
  folder_ = ::mkdtemp(name.data());
  for (const char* key : {"host_key", "user_key"}) {
    run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder_ + "/" + key});
  }
  fs::copy_file(folder_ + "/user_key.pub", folder_ + "/authorized_keys");
  port_ = free_port(address_);
  std::ofstream(folder_ + "/config")
      << "Port " << port_ << "\nListenAddress " << address_ << "\nHostKey " << folder_
      << "/host_key\nAuthorizedKeysFile " << folder_ << "/authorized_keys\nPidFile none\n"
      << "StrictModes no\nUsePAM no\nPasswordAuthentication no\n"
      << "PermitRootLogin prohibit-password\nPrintMotd no\n"
      << "SetEnv HD_TEST_SERVER=" << folder_ << "\n";
  std::ofstream(folder_ + "/known_hosts") << known_host();
  start();
}

SshServer::~SshServer() {
  stop();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void SshServer::start() {
  if (pid_ > 0) return;
  // What sshd run by root wants to find, and does not make itself.
  if (::geteuid() == 0) fs::create_directories("/run/sshd");
  pid_ = spawn({kServer, "-D", "-f", folder_ + "/config", "-E", folder_ + "/log"});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!answers(address_, port_)) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << read(folder_ + "/log");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void SshServer::drop_connections() const {
  for (const pid_t session : children_of(pid_)) {
    for (const pid_t unprivileged : children_of(session)) ::kill(unprivileged, SIGKILL);
    ::kill(session, SIGKILL);
  }
}

void SshServer::stop() {
  if (pid_ <= 0) return;
  const auto sessions = children_of(pid_);
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  for (const pid_t session : sessions) ::kill(session, SIGKILL);
  pid_ = 0;
}

std::string SshServer::known_host() const {
  const std::string key = read(folder_ + "/host_key.pub");
  const std::size_t end = key.find(' ', key.find(' ') + 1);
  return "[" + address_ + "]:" + std::to_string(port_) + " " + key.substr(0, end) + "\n";
}

RemoteHost SshServer::host(int slots) const { return {address_, port_, user_name(), slots}; }

RemoteTarget SshServer::target(const std::string& work_folder, int slots) const {
  RemoteTarget target;
  target.name = "test";
  target.hosts = {host(slots)};
  target.private_key_file = folder_ + "/user_key";
  target.known_hosts_file = folder_ + "/known_hosts";
  target.work_folder = work_folder;
  return target;
}

}  // namespace hd::testing
