#include "executors/supervisor/tracking/tracking_environment.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unistd.h>

namespace hd {
namespace {

const std::string* find(const Variables& environment, std::string_view name) {
  const auto found = std::find_if(environment.begin(), environment.end(), [&](const auto& entry) {
    return entry.first == name;
  });
  return found == environment.end() ? nullptr : &found->second;
}

std::string value_of(const Variables& environment, std::string_view name) {
  const std::string* found = find(environment, name);
  return found == nullptr ? std::string() : *found;
}

void set(Variables& environment, const std::string& name, const std::string& value) {
  std::erase_if(environment, [&](const auto& entry) { return entry.first == name; });
  environment.emplace_back(name, value);
}

void set_if_absent(Variables& environment, const std::string& name, const std::string& value) {
  if (find(environment, name) == nullptr) environment.emplace_back(name, value);
}

/// Name and password go before the token in a client, also those that a file keeps for another
/// server.
bool has_other_credentials(const Variables& environment) {
  if (find(environment, "MLFLOW_TRACKING_USERNAME") != nullptr ||
      find(environment, "MLFLOW_TRACKING_PASSWORD") != nullptr) {
    return true;
  }
  const std::string home = value_of(environment, "HOME");
  return !home.empty() && ::access((home + "/.mlflow/credentials").c_str(), F_OK) == 0;
}

/// No proxy leads to this machine's own ports.
void leave_out_proxies(Variables& environment) {
  constexpr std::array kProxies = {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"};
  if (std::none_of(kProxies.begin(), kProxies.end(), [&](const char* name) {
        return find(environment, name) != nullptr;
      })) {
    return;
  }
  // Clients look at the lower case one first.
  std::string hosts = value_of(environment, "no_proxy");
  if (hosts.empty()) hosts = value_of(environment, "NO_PROXY");
  if (hosts == "*") return;
  hosts += hosts.empty() ? "127.0.0.1" : ",127.0.0.1";
  set(environment, "no_proxy", hosts);
  set(environment, "NO_PROXY", hosts);
}

}  // namespace

bool names_tracking_server(const Variables& environment) {
  return !value_of(environment, "MLFLOW_TRACKING_URI").empty();
}

TrackedIdentity tracked_identity(const std::string& run_id,
                                 const Variables& environment,
                                 std::int64_t start_ms) {
  TrackedIdentity identity;
  identity.run_id = run_id;
  identity.start_ms = start_ms;
  identity.experiment = value_of(environment, "AZUREML_EXPERIMENT_NAME");
  if (identity.experiment.empty()) identity.experiment = "Default";
  identity.experiment_id = experiment_id_of(identity.experiment);
  return identity;
}

void add_tracking_variables(Variables& environment,
                            const TrackedIdentity& identity,
                            int port,
                            const std::string& token) {
  set(environment, "MLFLOW_TRACKING_URI", "http://127.0.0.1:" + std::to_string(port));
  set(environment, "MLFLOW_RUN_ID", identity.run_id);
  set(environment, "MLFLOW_EXPERIMENT_ID", identity.experiment_id);
  set(environment, "MLFLOW_TRACKING_TOKEN", token);
  if (has_other_credentials(environment)) {
    set(environment, "MLFLOW_TRACKING_USERNAME", identity.run_id);
    set(environment, "MLFLOW_TRACKING_PASSWORD", token);
  }
  // The models go where the runs go.
  std::erase_if(environment, [](const auto& entry) {
    return entry.first == "MLFLOW_REGISTRY_URI" || entry.first == "MLFLOW_EXPERIMENT_NAME";
  });
  set_if_absent(environment, "MLFLOW_DISABLE_TELEMETRY", "true");
  set_if_absent(environment, "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true");
  set_if_absent(environment, "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3");
  set_if_absent(environment, "MLFLOW_HTTP_REQUEST_TIMEOUT", "20");
  // Asynchronous logging sends from ten threads at once; collected, it stays in order.
  set_if_absent(environment, "MLFLOW_ASYNC_LOGGING_BUFFERING_SECONDS", "1");
  leave_out_proxies(environment);
}

}  // namespace hd
