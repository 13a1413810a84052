#include "engine/config/compute_target_file.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

#include "engine/config/document.h"
#include "engine/config/tuning_reader.h"

namespace hd {
namespace {

constexpr std::string_view kWorkFolder = "~/.local/share/hdrive";

/// Whether a text can stand for a host or user among ssh's arguments and in its files: no option,
/// no blank, nothing that ssh or a shell reads as more than a name.
bool is_plain_name(std::string_view text) {
  constexpr std::string_view kOthers = "._-:[]%@\\";
  return !text.empty() && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [&](unsigned char c) {
           return c >= 0x80 || std::isalnum(c) != 0 || kOthers.find(char(c)) != kOthers.npos;
         });
}

std::string local_path(const std::string& path, const std::string& project_directory) {
  if (path.empty() || path.front() == '/') return path;
  const char* home = std::getenv("HOME");
  if (path.starts_with("~/") && home != nullptr) return home + path.substr(1);
  return project_directory + '/' + path;
}

class TargetReader {
 public:
  TargetReader(const ConfigNode& root, const std::string& project, Findings& findings)
      : values_(root, compute_target_fields()), project_(project), findings_(findings) {}

  RemoteTarget read() {
    target_.description = values_.text("description").value_or("");
    if (const ConfigNode* hosts = values_.node("hosts")) read_hosts(*hosts);
    target_.private_key_file = path("private_key_file");
    target_.secret_file = path("secret_file");
    target_.work_folder = values_.text("work_folder").value_or(std::string(kWorkFolder));
    check_work_folder();
    target_.python = values_.text("python").value_or("");
    target_.environment = values_.pairs("environment", findings_);
    target_.keep_files = values_.boolean("keep_files").value_or(false);
    return std::move(target_);
  }

 private:
  std::string path(std::string_view key) const {
    return local_path(values_.text(key).value_or(""), project_);
  }

  void check_work_folder() {
    const std::string& folder = target_.work_folder;
    const bool is_absolute = folder.starts_with('/') || folder.starts_with("~/");
    if (is_absolute && folder.find_first_of("\n\r") == std::string::npos) return;
    findings_.error(values_.node("work_folder")->mark,
                    "work_folder",
                    "expected a path that begins with / or ~/; found " +
                        describe(*values_.node("work_folder")));
  }

  void read_hosts(const ConfigNode& list) {
    if (list.items.empty()) {
      findings_.error(list.mark, "hosts", "expected at least one host; found an empty list");
    }
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      read_host(list.items[i], "hosts[" + std::to_string(i) + "]");
    }
  }

  void read_host(const ConfigNode& item, const std::string& shown) {
    if (!item.is_map()) return;  // reported already
    RemoteHost host;
    host.address = name(item, "address", shown);
    host.user = name(item, "user", shown);
    host.port = integer(item, "port").value_or(host.port);
    host.slots = integer(item, "slots").value_or(host.slots);
    const auto same = [&](const RemoteHost& other) {
      return other.address == host.address && other.port == host.port && other.user == host.user;
    };
    if (std::any_of(target_.hosts.begin(), target_.hosts.end(), same)) {
      findings_.error(
          item.mark, shown, "is named twice; give the number of child runs as slots instead");
    }
    target_.hosts.push_back(std::move(host));
  }

  static const ConfigNode* checked(const ConfigNode& item, std::string_view key) {
    const ConfigNode* const node = item.find(key);
    const Field* const field = compute_target_fields().find("hosts[]." + std::string(key));
    return node != nullptr && !node->is_null() && fits(*node, *field) ? node : nullptr;
  }

  std::string name(const ConfigNode& item, std::string_view key, const std::string& shown) {
    const ConfigNode* const node = checked(item, key);
    if (node == nullptr) return {};
    if (!is_plain_name(node->text)) {
      findings_.error(node->mark,
                      shown + "." + std::string(key),
                      "expected a name of letters, digits and . _ - : that does not begin with a "
                      "dash; found " +
                          describe(*node));
    }
    return node->text;
  }

  static std::optional<int> integer(const ConfigNode& item, std::string_view key) {
    const ConfigNode* const node = checked(item, key);
    if (node == nullptr) return std::nullopt;
    return static_cast<int>(to_value(*node).as_number());
  }

  FieldValues values_;
  const std::string& project_;
  Findings& findings_;
  RemoteTarget target_;
};

/// JSON's texts are YAML's double-quoted ones.
void add_text(std::string& out, std::string_view key, const std::string& value) {
  if (value.empty()) return;
  out += key;
  out += ": ";
  append_json_string(out, value);
  out += '\n';
}

}  // namespace

RemoteTarget read_compute_target(std::string_view text,
                                 const std::string& file,
                                 const std::string& project_directory,
                                 std::vector<Diagnostic>& warnings) {
  Findings findings(file, ReadOptions{});
  ConfigDocument document = parse_config_document(text, file);
  findings.add(std::move(document.mistakes));
  check_fields(document.root, compute_target_fields(), findings);
  RemoteTarget target;
  if (document.root.is_map()) {
    target = TargetReader(document.root, project_directory, findings).read();
  }
  findings.finish(warnings);
  return target;
}

std::string compute_target_text(const RemoteTarget& target) {
  std::string out = "type: remote\n";
  add_text(out, "description", target.description);
  out += "hosts:\n";
  for (const RemoteHost& host : target.hosts) {
    add_text(out, "- address", host.address);
    out += "  port: " + std::to_string(host.port) + "\n";
    add_text(out, "  user", host.user);
    out += "  slots: " + std::to_string(host.slots) + "\n";
  }
  add_text(out, "private_key_file", target.private_key_file);
  add_text(out, "secret_file", target.secret_file);
  if (target.work_folder != kWorkFolder) add_text(out, "work_folder", target.work_folder);
  add_text(out, "python", target.python);
  if (!target.environment.empty()) out += "environment:\n";
  for (const auto& [name, value] : target.environment) {
    out += "  ";
    append_json_string(out, name);
    out += ": ";
    append_json_string(out, value);
    out += '\n';
  }
  if (target.keep_files) out += "keep_files: true\n";
  return out;
}

}  // namespace hd
