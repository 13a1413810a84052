#include "samplers/ask_tell_session.h"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/json_reader.h"
#include "samplers/tuning_loop_text.h"

namespace hd {
namespace {

constexpr std::size_t kLongestShown = 60;  // bytes of what was found, in a message

std::string shown(const Value& value) {
  std::string text = to_json(value);
  if (text.size() <= kLongestShown) return text;
  text.resize(kLongestShown);
  return text + "...";
}

std::string error_answer(std::string_view message) {
  std::string answer = R"({"error":)";
  append_json_string(answer, message);
  return answer += '}';
}

/// Leaves the object open for more members.
void append_trial(std::string& out, const Trial& trial) {
  out += R"({"id":)";
  out += trial.id == TuningLoop::kNoId ? "null" : std::to_string(trial.id);
  out += R"(,"params":)";
  out += to_json(trial.configuration);
}

std::string trials_answer(const std::vector<Trial>& trials) {
  std::string answer = R"({"trials":[)";
  for (const Trial& trial : trials) {
    if (&trial != &trials.front()) answer += ',';
    append_trial(answer, trial);
    answer += '}';
  }
  return answer += "]}";
}

/// A member that is misspelled must not be taken for one that is missing.
void require_members(const Value& request, std::initializer_list<std::string_view> known) {
  const Value::Map& members = request.as_map();
  for (auto member = members.begin(); member != members.end(); ++member) {
    const auto same = [&](const auto& other) { return other.first == member->first; };
    if (std::find(known.begin(), known.end(), member->first) == known.end()) {
      std::string names;
      for (const std::string_view name : known) {
        names += (names.empty() ? "" : ", ") + std::string(name);
      }
      throw UsageError("unknown member " + shown(member->first) + "; expected " + names);
    }
    if (std::any_of(members.begin(), member, same)) {
      throw UsageError("the member " + shown(member->first) + " is given twice");
    }
  }
}

/// `name` as an integer that an int holds.
int read_integer(const Value& value, const char* name) {
  const bool fits = value.is_integer() && value.as_integer() <= std::numeric_limits<int>::max() &&
                    value.as_integer() >= std::numeric_limits<int>::min();
  if (!fits) {
    throw UsageError(std::string(name) + ": expected an integer; found " + shown(value));
  }
  return static_cast<int>(value.as_integer());
}

/// nullopt for `"status":"failed"`.
std::optional<double> read_result(const Value& request) {
  const Value* value = request.find("value");
  const Value* status = request.find("status");
  if (status != nullptr) {
    if (*status != Value("failed")) {
      throw UsageError("status: expected \"failed\"; found " + shown(*status));
    }
    if (value != nullptr) throw UsageError("a trial that failed has no value");
    return std::nullopt;
  }
  if (value == nullptr) throw UsageError("value is missing, or \"status\":\"failed\"");
  const auto number = tuning_text::read_number(*value);
  if (!number) {
    throw UsageError(R"(value: expected a number, "NaN", "Infinity" or "-Infinity"; found )" +
                     shown(*value));
  }
  return number;
}

std::string why_unreadable(std::string_view request, const Error& error) {
  if (request.find_first_not_of(" \t\r") == std::string_view::npos) return "the line is empty";
  std::string message = "the line is not JSON: " + error.message;
  for (const char* bare : {"NaN", "Infinity"}) {
    if (request.find(bare) != std::string_view::npos) {
      return message + R"( (NaN and infinities are the texts "NaN", "Infinity", "-Infinity"))";
    }
  }
  return message;
}

}  // namespace

std::string AskTellSession::answer(std::string_view line) {
  if (line.size() > kLongestRequest) return answer_to_long_line();
  try {
    const Result<Value> request = read_json(line);
    if (!request) return error_answer(why_unreadable(line, request.error()));
    if (!request->is_map()) {
      throw UsageError(R"(expected an object such as {"op":"ask"}; found )" + shown(*request));
    }
    const Value* op = request->find("op");
    if (op == nullptr) throw UsageError("op is missing; expected ask, tell, best or pending");
    if (*op == Value("ask")) return ask(*request);
    if (*op == Value("tell")) return tell(*request);
    if (*op == Value("best")) return best(*request);
    if (*op == Value("pending")) return pending(*request);
    throw UsageError("op: expected ask, tell, best or pending; found " + shown(*op));
  } catch (const UsageError& error) {
    const std::string& hint = error.hint();
    return error_answer(hint.empty() ? error.what() : error.what() + (" (" + hint + ')'));
  }
}

std::string AskTellSession::answer_to_long_line() {
  return error_answer("the line is longer than " + std::to_string(kLongestRequest) +
                      " bytes and was not read");
}

std::string AskTellSession::ask(const Value& request) {
  require_members(request, {"op", "n"});
  const Value* n = request.find("n");
  const int count = n == nullptr ? 1 : read_integer(*n, "n");
  if (count < 0 || count > kMostTrials) {
    throw UsageError("n: expected 0 to " + std::to_string(kMostTrials) + "; found " +
                     std::to_string(count));
  }
  return trials_answer(loop_.ask(count));
}

std::string AskTellSession::tell(const Value& request) {
  require_members(request, {"op", "id", "params", "value", "status"});
  const Value* id = request.find("id");
  const Value* params = request.find("params");
  if ((id == nullptr) == (params == nullptr)) {
    throw UsageError(
        "expected id, for a trial that was asked, or params, for what is known from elsewhere; "
        "found " +
        std::string(id == nullptr ? "neither" : "both"));
  }
  const std::optional<double> result = read_result(request);
  if (id != nullptr) {
    const int number = read_integer(*id, "id");
    if (result) {
      loop_.tell(number, *result);
    } else {
      loop_.tell_failed(number);
    }
  } else {
    if (!params->is_map()) {
      throw UsageError("params: expected an object; found " + shown(*params));
    }
    const Configuration configuration = tuning_text::to_configuration(params->as_map());
    if (result) {
      loop_.tell(configuration, *result);
    } else {
      loop_.tell_failed(configuration);
    }
  }
  return R"({"ok":true})";
}

std::string AskTellSession::best(const Value& request) const {
  require_members(request, {"op"});
  const Trial& trial = loop_.best();
  std::string answer;
  append_trial(answer, trial);
  answer += R"(,"value":)";
  answer += to_json(Value(trial.value));
  return answer += '}';
}

std::string AskTellSession::pending(const Value& request) const {
  require_members(request, {"op"});
  return trials_answer(loop_.pending());
}

}  // namespace hd
