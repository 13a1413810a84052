#include "cli/host_report.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "cli/compute_targets.h"
#include "cli/text.h"
#include "engine/workspace/files.h"
#include "engine/workspace/identifiers.h"
#include "executors/ssh/host_question.h"
#include "executors/ssh/ssh_executor.h"

namespace hd {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kProofPatience{60};

std::string text_in(const nlohmann::json& facts, const char* key) {
  return printable(facts.value(key, ""));
}

double gigabytes(const nlohmann::json& facts, const char* key) {
  return std::round(facts.value(key, 0.0) / 1e7) / 100;
}

Value host_document(const RemoteTarget& target,
                    const RemoteHost& host,
                    const AgentPrograms& programs) {
  Value::Map map = {{"address", host.address},
                    {"sshPort", host.port},
                    {"username", host.user},
                    {"slots", host.slots}};
  const HostAnswer answer = ask_host({target, programs, askpass_program()}, host);
  if (answer.trouble) {
    map.emplace_back("state", "Failed");
    map.emplace_back("problem", printable(answer.trouble->message));
    return map;
  }
  const nlohmann::json& facts = answer.facts;
  const int running = facts.value("running", 0);
  Value::List gpus;
  for (const auto& gpu : facts.at("gpus")) gpus.emplace_back(printable(gpu.get<std::string>()));
  map.emplace_back("state", "Succeeded");
  map.emplace_back("freeSlots", std::max(0, host.slots - running));
  map.emplace_back("runningChildRuns", running);
  map.emplace_back("hostname", printable(answer.greeting.host));
  map.emplace_back("system", text_in(facts, "system"));
  map.emplace_back("cores", facts.value("cores", 0));
  map.emplace_back("memoryGb", gigabytes(facts, "memory"));
  map.emplace_back("diskFreeGb", gigabytes(facts, "room"));
  map.emplace_back("python", text_in(facts, "python"));
  map.emplace_back("pythonVersion", text_in(facts, "python_version"));
  map.emplace_back("gpus", std::move(gpus));
  map.emplace_back("workFolder", printable(answer.greeting.work));
  return map;
}

Value row(const std::string& check,
          const std::string& status,
          const std::string& found,
          const std::string& advice = {}) {
  return Value::Map{{"check", check}, {"status", status}, {"found", found}, {"advice", advice}};
}

/// Hears the one attempt that proves a host.
class Witness : public ExecutorListener {
 public:
  void on_started(int, int, std::string, std::int64_t) override {}
  void on_metrics(int, int, std::vector<MetricPoint> points) override {
    for (const MetricPoint& point : points) {
      if (point.name == "proof") value = point.value;
    }
  }
  void on_tag(int, int, TagSet) override {}
  void on_script_said(int, int, ScriptSaid) override {}
  void on_note(int, int, Noted note) override { notes += note.text + "; "; }
  void on_ended(int, int, ExitStatus how) override { exit = std::move(how); }

  std::optional<double> value;
  std::string notes;
  std::optional<ExitStatus> exit;
};

/// A folder for the proof, gone with it.
struct ProofFolder {
  ProofFolder() {
    std::string name = (fs::temp_directory_path() / "hdrive-doctor-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw FileError(errno, "create the folder", name);
    }
    path = name;
    make_directory(path + "/snapshot");
    std::ofstream(path + "/snapshot/proof.sh")
        << "echo proof=1 >> \"$HDRIVE_METRICS\"\necho brought back > outputs/proof\n";
  }
  ~ProofFolder() { remove_tree(path); }
  ProofFolder(const ProofFolder&) = delete;
  ProofFolder& operator=(const ProofFolder&) = delete;
  std::string path;
};

Value proof_row(const RemoteTarget& target, const RemoteHost& host) {
  const std::string check = host_text(host) + ": child run";
  const ProofFolder folder;
  boost::asio::io_context loop(1);
  Witness witness;
  SshExecutorOptions options;
  options.target = target;
  options.target.hosts = {host};
  options.target.keep_files = false;
  options.askpass = askpass_program();
  options.patience = std::chrono::milliseconds(10'000);
  ChildRunSpec spec;
  spec.run_id = "doctor_" + random_hex(8);
  spec.nonce = random_hex(16);
  spec.attempt_directory = folder.path + "/run";
  spec.snapshot_directory = folder.path + "/snapshot";
  spec.argv = {"/bin/sh", "proof.sh"};
  spec.grace_seconds = 1;
  const auto begin = Clock::now();
  {
    SshExecutor executor(loop, witness, std::move(options));
    executor.start(spec);
    while (!witness.exit && Clock::now() - begin < kProofPatience) {
      loop.restart();
      loop.run_one_for(std::chrono::milliseconds(100));
    }
  }
  if (!witness.exit) return row(check, "failed", "no end in time; " + printable(witness.notes));
  const bool returned = fs::exists(folder.path + "/run/work/outputs/proof");
  if (!witness.exit->succeeded() || witness.value != 1.0 || !returned) {
    return row(
        check,
        "failed",
        printable(witness.exit->message.empty() ? describe(*witness.exit) : witness.exit->message));
  }
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
  return row(check,
             "ok",
             "started, heard, and its outputs brought back in " + duration_text(took.count()));
}

std::string facts_text(const Value& host) {
  const auto text = [&](const char* key) { return host.find(key)->as_string(); };
  const auto number = [&](const char* key) { return host.find(key)->as_number(); };
  std::string found = fmt::format("{}, {}, {:.0f} cores, {:.0f} GB, {:.1f} GB free at {}",
                                  text("hostname"),
                                  text("system"),
                                  number("cores"),
                                  number("memoryGb"),
                                  number("diskFreeGb"),
                                  text("workFolder"));
  found += fmt::format(", {} GPUs", host.find("gpus")->as_list().size());
  return found;
}

}  // namespace

Value::List host_documents(const RemoteTarget& target) {
  const AgentPrograms programs = require_agent_programs();
  Value::List list;
  for (const RemoteHost& host : target.hosts) {
    list.push_back(host_document(target, host, programs));
  }
  return list;
}

Value target_document(const RemoteTarget& target, const Value::List& hosts) {
  double free = 0;
  std::size_t failed = 0;
  for (const Value& host : hosts) {
    if (const Value* slots = host.find("freeSlots")) free += slots->as_number();
    if (host.find("state")->as_string() == "Failed") ++failed;
  }
  return Value::Map{{"name", target.name},
                    {"type", "remote"},
                    {"provisioningState", failed == hosts.size() ? "Failed" : "Succeeded"},
                    {"description", target.description},
                    {"slots", target.slots()},
                    {"freeSlots", static_cast<std::int64_t>(free)},
                    {"privateKeyFile", target.private_key_file},
                    {"workFolder", target.work_folder},
                    {"python", target.python},
                    {"hosts", hosts}};
}

Value::List doctor_target_rows(const RemoteTarget& target) {
  Value::List rows;
  const Value::List hosts = host_documents(target);
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const RemoteHost& host = target.hosts[i];
    if (const Value* problem = hosts[i].find("problem")) {
      rows.push_back(row(host_text(host), "failed", problem->as_string()));
      continue;
    }
    rows.push_back(row(host_text(host), "ok", facts_text(hosts[i])));
    const std::string version = hosts[i].find("pythonVersion")->as_string();
    rows.push_back(version.empty()
                       ? row(host_text(host) + ": Python",
                             "missing",
                             "not found",
                             "needed by .py scripts; the target's key python can name it")
                       : row(host_text(host) + ": Python",
                             "ok",
                             version + ", " + hosts[i].find("python")->as_string()));
    rows.push_back(proof_row(target, host));
  }
  return rows;
}

}  // namespace hd
