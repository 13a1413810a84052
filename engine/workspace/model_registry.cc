#include "engine/workspace/model_registry.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/error.h"
#include "engine/core/json_reader.h"
#include "engine/workspace/files.h"
#include "engine/workspace/identifiers.h"
#include "engine/workspace/model_manifest.h"
#include "engine/workspace/sha256.h"

namespace hd {

namespace {

namespace fs = std::filesystem;

constexpr int kMostVersions = 999'999'999;
constexpr std::size_t kLargestManifest = std::size_t{64} << 20U;

std::string manifest_file(const std::string& version) { return version + "/model.json"; }

/// Copies a regular file to a new or emptied one (mode 0600), pressed to disk; what was read.
ModelFile copy_file(const std::string& from, const std::string& to, bool follow_link) {
  const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow_link ? 0 : O_NOFOLLOW);
  const FileDescriptor source(::open(from.c_str(), flags));
  if (!source.is_open()) throw FileError(errno, "read", from);
  const FileDescriptor target(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!target.is_open()) throw FileError(errno, "create", to);
  ModelFile copied;
  Sha256 digest;
  std::string block(std::size_t{1} << 18U, '\0');
  for (;;) {
    const ssize_t count = ::read(source.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw FileError(errno, "read", from);
    if (count == 0) break;
    const std::string_view bytes(block.data(), static_cast<std::size_t>(count));
    digest.add(bytes);
    copied.size += count;
    write_all(target.get(), bytes, to);
  }
  if (::fsync(target.get()) != 0) throw FileError(errno, "write", to);
  copied.sha256 = digest.finish();
  return copied;
}

/// (path inside the model, path) of every regular file of the source, sorted. Links are followed to
/// files, never to folders.
std::vector<std::pair<std::string, std::string>> files_of(const std::string& source) {
  std::vector<std::pair<std::string, std::string>> found;
  const fs::path root = fs::absolute(source).lexically_normal();
  const std::string base =
      root.has_filename() ? root.filename().string() : root.parent_path().filename().string();
  if (base.empty()) throw UsageError(source + " has no name of its own", "name a folder in it");
  if (!fs::is_directory(source)) {
    if (fs::is_regular_file(source)) found.emplace_back(base, source);
    return found;
  }
  for (const auto& entry : fs::recursive_directory_iterator(source)) {
    std::error_code ignored;
    if (!entry.is_regular_file(ignored)) continue;
    const std::string inside = entry.path().lexically_relative(source).generic_string();
    found.emplace_back(base + '/' + inside, entry.path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// A manifest is JSON, which has no other names.
void require_utf8(const std::string& path) {
  const auto again = read_json(to_json(Value(path)));
  if (!again.has_value() || again.value() != Value(path)) {
    throw UsageError("the name of the file " + hd::quoted(path) + " is not UTF-8",
                     "rename it to register it");
  }
}

NotFoundError no_such_model(std::string_view name, std::optional<int> version) {
  return NotFoundError("no model '" + std::string(name) + "'" +
                       (version ? " of version " + std::to_string(*version) : std::string()) +
                       "; `hdrive model list` shows what there is");
}

}  // namespace

std::string model_content_hash(std::vector<ModelFile> files) {
  std::sort(files.begin(), files.end(), [](const ModelFile& a, const ModelFile& b) {
    return a.path < b.path;
  });
  Sha256 digest;
  for (const ModelFile& file : files) {
    digest.add(file.path + '\0' + std::to_string(file.size) + '\0' + file.sha256 + '\n');
  }
  return digest.finish();
}

std::string ModelRegistry::models_directory() const {
  return workspace_.state_directory() + "/models";
}

std::vector<int> ModelRegistry::numbered(std::string_view name) const {
  const fs::path folder = fs::path(workspace_.model_directory(name, 1)).parent_path();
  std::vector<int> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string text = entry.path().filename().string();
    int version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error == std::errc() && version >= 1 && version <= kMostVersions &&
        std::to_string(version) == text) {
      found.push_back(version);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::pair<int, std::string> ModelRegistry::make_version(std::string_view name) const {
  const std::vector<int> taken = numbered(name);
  int version = taken.empty() ? 1 : taken.back() + 1;
  make_directories(fs::path(workspace_.model_directory(name, 1)).parent_path().string());
  for (;; ++version) {
    const std::string folder = workspace_.model_directory(name, version);
    if (::mkdir(folder.c_str(), 0700) == 0) return {version, folder};
    if (errno != EEXIST) throw FileError(errno, "create the folder", folder);
  }
}

RegisteredModel ModelRegistry::add(std::string_view name,
                                   const std::string& source,
                                   const ModelFacts& facts) {
  require_file_name(name, "model name");
  if (!fs::exists(source)) throw NotFoundError("there is no file or folder " + source);
  const auto files = files_of(source);
  if (files.empty()) throw NotFoundError("there is no file in " + source);
  for (const auto& [inside, path] : files) require_utf8(inside);

  RegisteredModel model;
  model.name = name;
  model.facts = facts;
  model.path = files.front().first.substr(0, files.front().first.find('/'));
  const auto [version, folder] = make_version(name);
  model.version = version;
  try {
    for (const auto& [inside, path] : files) {
      const std::string target = files_directory(model) + '/' + inside;
      make_directories(fs::path(target).parent_path().string());
      ModelFile copied = copy_file(path, target, true);
      copied.path = inside;
      model.files.push_back(std::move(copied));
    }
    model.content_hash = model_content_hash(model.files);
    replace_file(manifest_file(folder), write_model_manifest(model));
  } catch (...) {
    remove_tree(folder);
    throw;
  }
  return model;
}

std::vector<std::string> ModelRegistry::names() const {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(models_directory(), ignored)) {
    const std::string name = entry.path().filename().string();
    try {
      if (!versions(name).empty()) found.push_back(name);
    } catch (const UsageError&) {
      continue;  // something else lies there
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<int> ModelRegistry::versions(std::string_view name) const {
  std::vector<int> found = numbered(name);
  std::erase_if(found, [&](int version) {
    return !fs::exists(manifest_file(workspace_.model_directory(name, version)));
  });
  return found;
}

RegisteredModel ModelRegistry::find(std::string_view name, std::optional<int> version) const {
  const std::vector<int> known = versions(name);
  const int wanted = version ? *version : known.empty() ? 0 : known.back();
  if (std::find(known.begin(), known.end(), wanted) == known.end()) {
    throw no_such_model(name, version);
  }
  const std::string file = manifest_file(workspace_.model_directory(name, wanted));
  const auto text = read_file(file, kLargestManifest);
  if (!text) throw NotFoundError("model '" + std::string(name) + "' was removed just now");
  RegisteredModel model = read_model_manifest(*text, file);
  if (model.name != name || model.version != wanted) {
    throw StoreError(file + " is the manifest of another model, " + hd::quoted(model.id()));
  }
  return model;
}

std::string ModelRegistry::download(const RegisteredModel& model,
                                    const std::string& directory,
                                    bool overwrite) const {
  std::string path = directory + '/' + model.path;
  if (!overwrite && fs::exists(fs::symlink_status(path))) {
    throw UsageError(path + " exists already", "--overwrite replaces it");
  }
  for (const ModelFile& file : model.files) {
    const std::string target = directory + '/' + file.path;
    make_directories(fs::path(target).parent_path().string());
    const ModelFile copied = copy_file(files_directory(model) + '/' + file.path, target, false);
    if (copied.sha256 != file.sha256) {
      throw StoreError("the file " + file.path + " of model " + model.id() +
                       " is not what was registered: its content has another hash");
    }
  }
  return path;
}

void ModelRegistry::remove(std::string_view name, int version) {
  const std::vector<int> known = versions(name);
  if (std::find(known.begin(), known.end(), version) == known.end()) {
    throw no_such_model(name, version);
  }
  const std::string folder = workspace_.model_directory(name, version);
  // Without its manifest it is no model any more, whatever happens to the rest.
  if (::unlink(manifest_file(folder).c_str()) != 0 && errno != ENOENT) {
    throw FileError(errno, "remove", manifest_file(folder));
  }
  remove_tree(folder + "/files");
}

std::string ModelRegistry::files_directory(const RegisteredModel& model) const {
  return workspace_.model_directory(model.name, model.version) + "/files";
}

}  // namespace hd
