#include "executors/ssh/ssh_command.h"

namespace hd {
namespace {

/// A path as a value of ssh's options: quoted, its percent signs doubled.
std::string option_path(const std::string& path) {
  std::string out = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '%') out += '%';
    out += c;
  }
  return out + '"';
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

SshCommand ssh_command(const RemoteTarget& target,
                       const RemoteHost& host,
                       const std::string& askpass,
                       const std::string& remote_command) {
  SshCommand command;
  const bool has_secret = !target.secret_file.empty();
  std::vector<std::string>& argv = command.argv;
  argv = {"ssh", "-T"};
  const auto option = [&](const std::string& text) {
    argv.emplace_back("-o");
    argv.push_back(text);
  };
  // The connection is this one's alone, whatever the user's configuration shares.
  option("ControlMaster=no");
  option("ControlPath=none");
  option("RemoteCommand=none");
  option("PermitLocalCommand=no");
  option("ClearAllForwardings=yes");
  option("ForwardAgent=no");
  option("EscapeChar=none");
  option("ServerAliveInterval=5");
  option("ServerAliveCountMax=3");
  option("ConnectTimeout=10");
  option("StrictHostKeyChecking=yes");
  option("UserKnownHostsFile=" + option_path(target.known_hosts_file) + " ~/.ssh/known_hosts");
  option("UpdateHostKeys=no");
  option("NumberOfPasswordPrompts=1");
  option(has_secret ? "BatchMode=no" : "BatchMode=yes");
  if (!target.private_key_file.empty()) {
    option("IdentitiesOnly=yes");
    argv.insert(argv.end(), {"-i", target.private_key_file});
  }
  // Without -p a port of the user's own configuration holds.
  if (host.port != 22) argv.insert(argv.end(), {"-p", std::to_string(host.port)});
  argv.insert(argv.end(), {"-l", host.user, "--", host.address, remote_command});
  if (has_secret) {
    command.environment = {{"SSH_ASKPASS", askpass},
                           {"SSH_ASKPASS_REQUIRE", "force"},
                           {kSecretFileVariable, target.secret_file}};
  }
  return command;
}

std::string host_text(const RemoteHost& host) {
  std::string text = host.user + "@" + host.address;
  if (host.port != 22) text += ":" + std::to_string(host.port);
  return text;
}

ConnectionTrouble explain_ssh_errors(const RemoteTarget& target,
                                     const RemoteHost& host,
                                     const std::string& errors) {
  const std::string where = host_text(host);
  if (contains(errors, "REMOTE HOST IDENTIFICATION HAS CHANGED")) {
    return {"the host key of " + where +
                " is not the one that was accepted: another machine answers there, or it was "
                "installed anew. If you know that it is the right one: hdrive computetarget update "
                "-n " +
                target.name + " --accept-host-key FINGERPRINT",
            true,
            true};
  }
  if (contains(errors, "Host key verification failed") || contains(errors, "host key is known")) {
    return {"the host key of " + where +
                " has not been accepted yet: hdrive computetarget update -n " + target.name +
                " --accept-host-key FINGERPRINT; without the fingerprint it shows what the host "
                "presents",
            true,
            true};
  }
  if (contains(errors, "UNPROTECTED PRIVATE KEY FILE")) {
    return {"ssh does not use the key " + target.private_key_file +
                ", because other users can read it: chmod 600 " + target.private_key_file,
            true};
  }
  if (contains(errors, "Permission denied (")) {
    return {where + " refuses the login: " + last_line(errors) +
                ". The target's private_key_file, the keys in the key agent (ssh-add -l), or the "
                "target's secret_file must be one that it accepts",
            true};
  }
  const std::string said = last_line(errors);
  return {where + (said.empty() ? " closed the connection" : " cannot be reached: " + said), false};
}

}  // namespace hd
