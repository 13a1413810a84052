#include "engine/workspace/model_manifest.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/json_reader.h"

namespace hd {

namespace {

Value as_map(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Value::Map map;
  for (const auto& [key, value] : pairs) map.emplace_back(key, value);
  return map;
}

/// A relative path whose parts all name something below where it starts.
bool stays_inside(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view part = path.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") return false;
    start = end + 1;
  }
  return true;
}

/// Members of a manifest, each with the mistake that its absence is.
class ManifestReader {
 public:
  ManifestReader(const Value& document, const std::string& file)
      : document_(document), file_(file) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw StoreError(file_ + " is no manifest of a model: " + what);
  }

  [[nodiscard]] const Value& member(std::string_view key) const {
    const Value* found = document_.find(key);
    if (found == nullptr) fail("it lacks " + std::string(key));
    return *found;
  }

  [[nodiscard]] std::string text(std::string_view key) const {
    const Value& value = member(key);
    if (!value.is_string()) fail(std::string(key) + " is no text");
    return value.as_string();
  }

  [[nodiscard]] std::string optional_text(std::string_view key) const {
    return document_.find(key) == nullptr ? std::string() : text(key);
  }

  [[nodiscard]] std::int64_t count(std::string_view key) const {
    const Value& value = member(key);
    if (!value.is_integer() || value.as_integer() < 0) fail(std::string(key) + " is no count");
    return value.as_integer();
  }

  [[nodiscard]] std::vector<std::pair<std::string, std::string>> texts(std::string_view key) const {
    std::vector<std::pair<std::string, std::string>> pairs;
    const Value* found = document_.find(key);
    if (found == nullptr) return pairs;
    if (!found->is_map()) fail(std::string(key) + " is no object");
    for (const auto& [name, value] : found->as_map()) {
      pairs.emplace_back(name, value.is_string() ? value.as_string() : to_argument(value));
    }
    return pairs;
  }

 private:
  const Value& document_;
  const std::string& file_;
};

std::vector<ModelFile> read_files(const ManifestReader& manifest, const std::string& file) {
  const Value& list = manifest.member("files");
  if (!list.is_list()) manifest.fail("files is no list");
  std::vector<ModelFile> files;
  for (const Value& entry : list.as_list()) {
    const ManifestReader one(entry, file);
    files.push_back({one.text("path"), one.count("size"), one.text("sha256")});
    if (!stays_inside(files.back().path)) one.fail("a file leads out of it");
  }
  return files;
}

}  // namespace

std::string write_model_manifest(const RegisteredModel& model) {
  Value::List files;
  for (const ModelFile& file : model.files) {
    files.emplace_back(
        Value::Map{{"path", file.path}, {"size", file.size}, {"sha256", file.sha256}});
  }
  const ModelFacts& facts = model.facts;
  return to_json(Value::Map{{"schemaVersion", 1},
                            {"name", model.name},
                            {"version", model.version},
                            {"createdTimeUtc", facts.created_time_utc},
                            {"description", facts.description},
                            {"framework", facts.framework},
                            {"frameworkVersion", facts.framework_version},
                            {"runId", facts.run_id},
                            {"experimentName", facts.experiment},
                            {"tags", as_map(facts.tags)},
                            {"properties", as_map(facts.properties)},
                            {"path", model.path},
                            {"contentHash", model.content_hash},
                            {"files", files}}) +
         '\n';
}

RegisteredModel read_model_manifest(std::string_view text, const std::string& file) {
  const auto document = read_json(text);
  if (!document.has_value()) throw StoreError(file + " is no JSON: " + document.error().message);
  const ManifestReader manifest(document.value(), file);
  RegisteredModel model;
  model.name = manifest.text("name");
  model.version = static_cast<int>(std::min<std::int64_t>(manifest.count("version"), 999'999'999));
  model.facts.created_time_utc = manifest.optional_text("createdTimeUtc");
  model.facts.description = manifest.optional_text("description");
  model.facts.framework = manifest.optional_text("framework");
  model.facts.framework_version = manifest.optional_text("frameworkVersion");
  model.facts.run_id = manifest.optional_text("runId");
  model.facts.experiment = manifest.optional_text("experimentName");
  model.facts.tags = manifest.texts("tags");
  model.facts.properties = manifest.texts("properties");
  model.path = manifest.text("path");
  if (!stays_inside(model.path)) manifest.fail("its path leads out of it");
  model.files = read_files(manifest, file);
  model.content_hash = manifest.text("contentHash");
  return model;
}

}  // namespace hd
