#include "cli/host_keys.h"

#include <chrono>
#include <sstream>

#include "engine/workspace/files.h"
#include "engine/workspace/run_process.h"

namespace hd {

namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20U;

/// As known_hosts files name a host.
std::string known_name(const RemoteHost& host) {
  if (host.port == 22) return host.address;
  return "[" + host.address + "]:" + std::to_string(host.port);
}

/// "256 SHA256:abc comment (ED25519)" of ssh-keygen.
void take_fingerprint(HostKey& key) {
  ProcessRequest request;
  request.argv = {"ssh-keygen", "-l", "-f", "-"};
  request.input = key.line + "\n";
  const ProcessResult result = run_process(request);
  if (!result.succeeded()) return;
  std::istringstream words(result.output);
  std::string word;
  while (words >> word) {
    if (word.starts_with("SHA256:")) key.fingerprint = word;
  }
  key.description = key.fingerprint + " " + word;
}

}  // namespace

std::vector<HostKey> scan_host_keys(const RemoteHost& host) {
  ProcessRequest request;
  request.argv = {"ssh-keyscan", "-T", "10", "-p", std::to_string(host.port), "--", host.address};
  request.timeout = std::chrono::seconds(30);
  const ProcessResult result = run_process(request);
  std::vector<HostKey> keys;
  std::istringstream lines(result.output);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    HostKey key;
    key.line = line;
    take_fingerprint(key);
    if (!key.fingerprint.empty()) keys.push_back(std::move(key));
  }
  return keys;
}

void accept_host_key(const std::string& known_hosts_file,
                     const RemoteHost& host,
                     const HostKey& key) {
  std::string text;
  std::istringstream lines(read_file(known_hosts_file, kMostBytes).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(known_name(host) + " ")) text += line + "\n";
  }
  replace_file(known_hosts_file, text + key.line + "\n");
}

}  // namespace hd
