// Serves BayesianSampler to suite.py: one JSON object per line in, one out.
//   {"op":"open","space":[[name, expression, values], ...],"seed":1,"options":{...}}
//   {"op":"ask","n":1}  ->  {"trials":[{"id":0,"params":{...}}],"seconds":0.001}
//   {"op":"tell","id":0,"value":0.3}  (null = failed)
#include <chrono>
#include <cmath>
#include <exception>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "samplers/bayesian_sampler.h"

namespace {

using Json = nlohmann::json;

hd::Value to_value(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    hd::Value::List list;
    for (const Json& item : json) list.push_back(to_value(item));
    return list;
  }
  return {};
}

std::vector<hd::Parameter> to_parameters(const Json& json);

hd::Parameter to_parameter(const Json& json) {
  const std::string name = json.at(0);
  const std::string expression = json.at(1);
  const Json& values = json.at(2);
  const auto number = [&](std::size_t i) { return values.at(i).get<double>(); };
  if (expression == "choice") {
    hd::Choice choice;
    for (const Json& option : values) {
      if (option.is_object()) {
        choice.options.push_back({{}, to_parameters(option.at("nested"))});
      } else {
        choice.options.push_back({to_value(option), {}});
      }
    }
    return {name, choice};
  }
  if (expression == "randint") return {name, hd::randint(values.at(0).get<std::int64_t>())};
  if (expression == "uniform") return {name, hd::uniform(number(0), number(1))};
  if (expression == "loguniform") return {name, hd::loguniform(number(0), number(1))};
  if (expression == "quniform") return {name, hd::quniform(number(0), number(1), number(2))};
  if (expression == "qloguniform") return {name, hd::qloguniform(number(0), number(1), number(2))};
  if (expression == "normal") return {name, hd::normal(number(0), number(1))};
  throw std::invalid_argument("no expression " + expression);
}

std::vector<hd::Parameter> to_parameters(const Json& json) {
  std::vector<hd::Parameter> parameters;
  for (const Json& parameter : json) parameters.push_back(to_parameter(parameter));
  return parameters;
}

hd::BayesianOptions to_options(const Json& json) {
  hd::BayesianOptions options;
  options.start_points = json.value("start_points", options.start_points);
  options.refit_share = json.value("refit_share", options.refit_share);
  options.fit_evaluations = json.value("fit_evaluations", options.fit_evaluations);
  options.warp = json.value("warp", options.warp);
  options.noise_location = json.value("noise_location", options.noise_location);
  options.noise_width = json.value("noise_width", options.noise_width);
  options.greatest_length = json.value("greatest_length", options.greatest_length);
  options.stalled_margin = json.value("stalled_margin", options.stalled_margin);
  options.search_effort = json.value("search_effort", options.search_effort);
  return options;
}

struct Session {
  std::unique_ptr<hd::BayesianSampler> sampler;
  std::vector<std::shared_ptr<const hd::Trial>> trials;
  hd::AskRequest request;
};

Json to_json_object(const hd::Configuration& configuration) {
  return Json::parse(hd::to_json(configuration));
}

Json serve(Session& session, const Json& line) {
  const std::string op = line.at("op");
  if (op == "open") {
    session = {};
    session.sampler =
        std::make_unique<hd::BayesianSampler>(hd::ParameterSpace(to_parameters(line.at("space"))),
                                              to_options(line.value("options", Json::object())));
    session.request.seed = line.at("seed").get<std::uint64_t>();
    return {{"ok", true}};
  }
  if (op == "ask") {
    session.request.first_index = static_cast<int>(session.trials.size());
    session.request.count = line.value("n", 1);
    session.request.trials = session.trials;
    const auto begin = std::chrono::steady_clock::now();
    hd::AskResult result = session.sampler->ask(session.request);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
    session.request.notes = result.notes;
    Json answer = {{"trials", Json::array()},
                   {"seconds", spent.count()},
                   {"warning", result.warning},
                   {"reasons", result.reasons},
                   {"notes", result.notes}};
    for (const hd::Configuration& configuration : result.configurations) {
      hd::Trial trial;
      trial.id = static_cast<int>(session.trials.size());
      trial.configuration = configuration;
      trial.value = std::numeric_limits<double>::quiet_NaN();
      session.trials.push_back(std::make_shared<const hd::Trial>(trial));
      answer["trials"].push_back({{"id", trial.id}, {"params", to_json_object(configuration)}});
    }
    return answer;
  }
  if (op == "tell") {
    const auto id = line.at("id").get<std::size_t>();
    hd::Trial trial = *session.trials.at(id);
    const bool failed = line.at("value").is_null();
    trial.outcome = failed ? hd::Trial::Outcome::kFailed : hd::Trial::Outcome::kFinished;
    trial.value = failed ? std::nan("") : line.at("value").get<double>();
    session.trials[id] = std::make_shared<const hd::Trial>(trial);
    return {{"ok", true}};
  }
  throw std::invalid_argument("no op " + op);
}

}  // namespace

int main() {
  Session session;
  std::string line;
  while (std::getline(std::cin, line)) {
    Json answer;
    try {
      answer = serve(session, Json::parse(line));
    } catch (const std::exception& e) {
      answer = {{"error", e.what()}};
    }
    std::cout << answer.dump() << std::endl;
  }
}
