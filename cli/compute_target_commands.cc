#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iostream>
#include <memory>
#include <unistd.h>

#include "cli/compute_targets.h"
#include "cli/exit_code.h"
#include "cli/host_keys.h"
#include "cli/host_report.h"
#include "cli/program.h"
#include "cli/text.h"
#include "engine/core/error.h"
#include "engine/workspace/identifiers.h"
#include "executors/ssh/host_question.h"

namespace hd {

namespace {

/// What `attach remote` and `update` were given.
struct TargetRequest {
  std::string name;
  std::vector<std::string> addresses;
  std::string username;
  int ssh_port = 22;
  int slots = 1;
  std::string private_key_file, secret_file, work_folder, python, description;
  std::vector<std::string> environment;  ///< NAME=value
  std::vector<std::string> accepted;     ///< fingerprints of host keys
  std::vector<std::string> removed;      ///< addresses of hosts
  bool keep_files = false;
};

Value local_target() {
  return Value::Map{{"name", "local"},
                    {"type", "local"},
                    {"provisioningState", "Succeeded"},
                    {"description", "This machine: child runs start as processes of this user"}};
}

Value listed(const std::string& project, const std::string& name) {
  try {
    const RemoteTarget target = load_target(project, name);
    Value::List hosts;
    for (const RemoteHost& host : target.hosts) hosts.emplace_back(host_text(host));
    return Value::Map{{"name", name},
                      {"type", "remote"},
                      {"provisioningState", "Succeeded"},
                      {"description", target.description},
                      {"slots", target.slots()},
                      {"hosts", hosts}};
  } catch (const std::exception& error) {
    return Value::Map{{"name", name},
                      {"type", "remote"},
                      {"provisioningState", "Failed"},
                      {"problem", printable(error.what())}};
  }
}

int list_targets(const CommonOptions& options) {
  const std::string project = Workspace::locate(options.path);
  Value::List list = {local_target()};
  for (const std::string& name : attached_targets(project)) list.push_back(listed(project, name));
  print_result(options, list, {"name", "type", "provisioningState", "description"});
  return kExitDone;
}

int show_target(const CommonOptions& options, const std::string& name) {
  if (name == "local") {
    print_result(options, local_target());
    return kExitDone;
  }
  const RemoteTarget target = load_target(Workspace::locate(options.path), name);
  print_result(options, target_document(target, host_documents(target)));
  return kExitDone;
}

void require_name(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (!plain || name.empty() || name.front() == '.' || name.size() > 64 || name == "local") {
    throw UsageError("'" + printable(name) + "' cannot be the name of a compute target",
                     "use up to 64 letters, digits and - _ .; local is this machine");
  }
}

/// Whether a person at the terminal takes the host for the right one.
bool is_confirmed(const RemoteHost& host, const std::vector<HostKey>& keys) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) return false;
  std::cerr << host_text(host) << " presents:\n";
  for (const HostKey& key : keys) std::cerr << "  " << key.description << '\n';
  std::cerr << "Is that what its owner says? Type yes to accept it: " << std::flush;
  std::string answer;
  return std::getline(std::cin, answer) && answer == "yes";
}

/// Finds the key among those that the host presents that the user has accepted, and records it.
void accept_key(const RemoteTarget& target,
                const RemoteHost& host,
                const std::vector<std::string>& accepted) {
  const std::vector<HostKey> keys = scan_host_keys(host);
  if (keys.empty()) {
    throw CommandFailure(kExitUnusable,
                         "E0510",
                         host_text(host) + " shows no host key",
                         "where it is reached through another host, log in once with ssh, which "
                         "records the key in ~/.ssh/known_hosts");
  }
  for (const HostKey& key : keys) {
    if (std::find(accepted.begin(), accepted.end(), key.fingerprint) == accepted.end()) continue;
    return accept_host_key(target.known_hosts_file, host, key);
  }
  if (accepted.empty() && is_confirmed(host, keys)) {
    return accept_host_key(target.known_hosts_file, host, keys.front());
  }
  std::string shown;
  for (const HostKey& key : keys) shown += (shown.empty() ? "" : ", ") + key.description;
  throw CommandFailure(
      kExitUnusable,
      "E0511",
      "the host key of " + host_text(host) + " has not been accepted. It presents " +
          printable(shown),
      "when its owner says the same: --accept-host-key " + keys.front().fingerprint);
}

/// Connects to every host; where the key is not known it is accepted first, if the user says so.
void prove_hosts(const RemoteTarget& target, const std::vector<std::string>& accepted) {
  const AgentPrograms programs = require_agent_programs();
  const HostAccess access{target, programs, askpass_program()};
  for (const RemoteHost& host : target.hosts) {
    HostAnswer answer = ask_host(access, host);
    const bool is_key = answer.trouble && answer.trouble->is_about_host_key;
    if (is_key) {
      accept_key(target, host, accepted);
      answer = ask_host(access, host);
    }
    if (answer.trouble) {
      throw CommandFailure(kExitUnusable, "E0512", printable(answer.trouble->message));
    }
  }
}

RemoteHost host_of(const std::string& address, const TargetRequest& request) {
  return {address, request.ssh_port, request.username, request.slots};
}

void take_environment(RemoteTarget& target, const std::vector<std::string>& variables) {
  for (const std::string& variable : variables) {
    const auto equals = variable.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw UsageError("--environment takes NAME=value; found '" + printable(variable) + "'");
    }
    const std::string name = variable.substr(0, equals);
    std::erase_if(target.environment, [&](const auto& known) { return known.first == name; });
    target.environment.emplace_back(name, variable.substr(equals + 1));
  }
}

std::string absolute_path(const std::string& path) {
  if (path.empty() || path.front() == '/' || path.starts_with("~/")) return path;
  return std::filesystem::absolute(path).lexically_normal().string();
}

void take_settings(RemoteTarget& target, const TargetRequest& request) {
  if (!request.private_key_file.empty()) {
    target.private_key_file = absolute_path(request.private_key_file);
  }
  if (!request.secret_file.empty()) target.secret_file = absolute_path(request.secret_file);
  if (!request.work_folder.empty()) target.work_folder = request.work_folder;
  if (!request.python.empty()) target.python = request.python;
  if (!request.description.empty()) target.description = request.description;
  if (request.keep_files) target.keep_files = true;
  take_environment(target, request.environment);
}

int attach_remote(const CommonOptions& options, const TargetRequest& request) {
  require_name(request.name);
  const Workspace workspace = Workspace::open_or_create(options.path);
  const auto names = attached_targets(workspace.project_directory());
  if (std::find(names.begin(), names.end(), request.name) != names.end()) {
    throw UsageError("there is a compute target '" + request.name + "' already",
                     "hdrive computetarget update changes it, detach removes it");
  }
  RemoteTarget target;
  target.name = request.name;
  target.work_folder = "~/.local/share/hdrive";
  for (const std::string& address : request.addresses) {
    target.hosts.push_back(host_of(address, request));
  }
  take_settings(target, request);
  save_target(workspace, target);
  try {
    target = load_target(workspace.project_directory(), request.name);
    prove_hosts(target, request.accepted);
  } catch (...) {
    remove_target(workspace, request.name);
    throw;
  }
  print_result(options, target_document(target, host_documents(target)));
  return kExitDone;
}

int update_target(const CommonOptions& options, const TargetRequest& request) {
  const Workspace workspace = Workspace::open_or_create(options.path);
  RemoteTarget target = load_target(workspace.project_directory(), request.name);
  const RemoteTarget before = target;
  for (const std::string& address : request.removed) {
    if (std::erase_if(target.hosts, [&](const auto& host) { return host.address == address; }) ==
        0) {
      throw NotFoundError(request.name + " has no host '" + printable(address) + "'");
    }
  }
  if (!request.addresses.empty() && request.username.empty()) {
    throw UsageError("a host that is added needs --username/-u");
  }
  for (const std::string& address : request.addresses) {
    const RemoteHost host = host_of(address, request);
    std::erase_if(target.hosts, [&](const auto& known) {
      return known.address == host.address && known.port == host.port && known.user == host.user;
    });
    target.hosts.push_back(host);
  }
  take_settings(target, request);
  save_target(workspace, target);
  try {
    target = load_target(workspace.project_directory(), request.name);
    prove_hosts(target, request.accepted);
  } catch (...) {
    save_target(workspace, before);
    throw;
  }
  print_result(options, target_document(target, host_documents(target)));
  return kExitDone;
}

/// Runs that are under way need the target, also after their engine was stopped.
void require_unused(const CommonOptions& options, const std::string& name) {
  try {
    const OpenedHistory history = open_history(options);
    RunFilter filter;
    filter.target = name;
    filter.last = 0;
    for (const RunSummary& run : history.store.runs(filter)) {
      if (is_terminal(run.status)) continue;
      throw UsageError("the run " + run.run_id + " on '" + name + "' is not over",
                       "hdrive run cancel -r " + run.run_id);
    }
  } catch (const NotFoundError&) {
    // Nothing was ever run here.
  }
}

int detach_target(const CommonOptions& options, const std::string& name) {
  if (name == "local") throw UsageError("local is this machine and cannot be removed");
  const RemoteTarget target = load_target(Workspace::locate(options.path), name);
  require_unused(options, name);
  remove_target(Workspace::open(options.path), name);
  note(options, "the folder " + target.work_folder + " on its hosts is left as it is");
  print_result(options, Value::Map{{"name", name}, {"type", "remote"}, {"detached", true}});
  return kExitDone;
}

/// Anybody on the machine can read the arguments of a process, and shells keep them.
void refuse_secret(CLI::App& command, const char* flags) {
  command
      .add_option_function<std::string>(
          flags,
          [](const std::string&) {
            throw CLI::ValidationError(
                "a secret among the arguments can be read by everybody on this machine; put it "
                "into a file of mode 0600 and give --secret-file FILE, or use the key agent "
                "(ssh-add)");
          },
          "Refused: use --secret-file")
      ->group("");
}

void add_settings(CLI::App& command, TargetRequest& request) {
  command.add_option("-n,--name", request.name, "Compute target")->required();
  command.add_option("--ssh-port", request.ssh_port, "Port of the SSH server")
      ->check(CLI::Range(1, 65535));
  command.add_option("--slots", request.slots, "Child runs at once on each of these hosts")
      ->check(CLI::Range(1, 1024));
  command.add_option("--private-key-file", request.private_key_file, "Key to log in with");
  command.add_option("--secret-file",
                     request.secret_file,
                     "File (mode 0600) with the password, or the passphrase of the key");
  command.add_option("--work-folder", request.work_folder, "Folder on the hosts");
  command.add_option("--python", request.python, "Interpreter on the hosts");
  command.add_option("--environment", request.environment, "NAME=value; may be repeated");
  command.add_option("--description", request.description, "For people");
  command.add_option("--accept-host-key",
                     request.accepted,
                     "Fingerprint (SHA256:...) of a host key that you know to be right");
  command.add_flag("--keep-files", request.keep_files, "Leave child runs' files on the hosts");
  refuse_secret(command, "-p,--password");
  refuse_secret(command, "--private-key-passphrase");
}

void add_attach(Program& program, CLI::App& group) {
  CLI::App* attach = group.add_subcommand("attach", "Make machines of yours a compute target");
  attach->require_subcommand(1);
  auto request = std::make_shared<TargetRequest>();
  CLI::App* remote = add_command(
      program,
      *attach,
      "remote",
      "Machines that are reached over SSH",
      "hdrive computetarget attach remote -n gpu -a gpu1.example.org -u anna --ssh-port 22 "
      "--private-key-file ~/.ssh/id_ed25519",
      [request](const CommonOptions& options) { return attach_remote(options, *request); });
  remote->add_option("-a,--address", request->addresses, "Host; may be repeated")->required();
  remote->add_option("-u,--username", request->username, "Whom to log in as")->required();
  add_settings(*remote, *request);
}

void add_update(Program& program, CLI::App& group) {
  auto request = std::make_shared<TargetRequest>();
  CLI::App* update = add_command(
      program,
      group,
      "update",
      "Change a compute target: what is not given stays",
      "hdrive computetarget update -n gpu -a gpu2.example.org -u anna --slots 4",
      [request](const CommonOptions& options) { return update_target(options, *request); });
  update->add_option("-a,--address", request->addresses, "Host to add or change; may be repeated");
  update->add_option("-u,--username", request->username, "Whom to log in as there");
  update->add_option("--remove-host", request->removed, "Address of a host to take out");
  add_settings(*update, *request);
}

}  // namespace

void add_compute_target_commands(Program& program) {
  CLI::App* group = add_group(program, "computetarget", "Where child runs can run");
  add_command(
      program, *group, "list", "All compute targets", "hdrive computetarget list", list_targets);
  auto name = std::make_shared<std::string>();
  CLI::App* show =
      add_command(program,
                  *group,
                  "show",
                  "One compute target, and what its machines have",
                  "hdrive computetarget show -n gpu",
                  [name](const CommonOptions& options) { return show_target(options, *name); });
  show->add_option("-n,--name", *name, "Compute target")->required();
  add_attach(program, *group);
  add_update(program, *group);
  for (const char* word : {"detach", "delete"}) {
    CLI::App* detach =
        add_command(program,
                    *group,
                    word,
                    "Forget a compute target; its machines are left as they are",
                    std::string("hdrive computetarget ") + word + " -n gpu",
                    [name](const CommonOptions& options) { return detach_target(options, *name); });
    detach->add_option("-n,--name", *name, "Compute target")->required();
  }
  for (const char* missing : {"create", "get-credentials", "amlcompute", "computeinstance"}) {
    add_missing_command(
        program, *group, missing, "hdrive computetarget attach remote adds machines of yours");
  }
}

}  // namespace hd
