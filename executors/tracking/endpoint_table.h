#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace hd {

/// What a call does with its parameters (those of the query or of the body) and what it answers.
/// Throws TrackingError.
using Endpoint = std::function<nlohmann::json(const nlohmann::json& parameters)>;

/// The calls that are served, by method and path below `/api/2.0/mlflow/`. A part "*" of a path
/// stands for any one part, which becomes the parameter "id".
class EndpointTable {
 public:
  void add(const std::string& method, const std::string& path, Endpoint endpoint) {
    endpoints_[method + ' ' + path] = std::move(endpoint);
  }

  /// The endpoint of a path, or nullptr. `id` receives what stands at the place of "*".
  [[nodiscard]] const Endpoint* find(const std::string& method,
                                     std::string_view path,
                                     std::string& id) const;

 private:
  std::map<std::string, Endpoint> endpoints_;
};

}  // namespace hd
