#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/value.h"

namespace hd {

/// A place in a text file, both from 1; columns count characters, not bytes.
struct Mark {
  int line = 0;
  int column = 0;
};

struct ConfigMember;

/// One node of a YAML or JSON file, with its place. Aliases and merge keys are already resolved.
struct ConfigNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  Mark mark;
  std::string text;     ///< of a scalar: as written, without quotes
  bool quoted = false;  ///< a quoted scalar is a string, whatever it looks like
  std::vector<ConfigNode> items;
  std::vector<ConfigMember> members;  ///< in file order, keys unique

  [[nodiscard]] bool is_null() const { return kind == Kind::kNull; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::kScalar; }
  [[nodiscard]] bool is_list() const { return kind == Kind::kList; }
  [[nodiscard]] bool is_map() const { return kind == Kind::kMap; }
  /// The member's value, or null pointer when this is no map or lacks the key.
  [[nodiscard]] const ConfigNode* find(std::string_view key) const;
};

struct ConfigMember {
  std::string key;
  Mark mark;
  ConfigNode value;
};

struct ConfigDocument {
  ConfigNode root;
  std::vector<Diagnostic> mistakes;  ///< that do not prevent reading on, such as duplicate keys
};

/// What a document may hold. A real file stays far below; a hostile one is refused in bounded time
/// and memory.
inline constexpr std::size_t kMaxConfigBytes = 1024 * 1024;
inline constexpr int kMaxConfigDepth = 64;
inline constexpr std::size_t kMaxConfigNodes = 200'000;  ///< aliases count with all they stand for

/// Parses one YAML document (JSON is a subset). An empty text gives a null root.
/// Throws ConfigError when the text is not such a document, or passes a limit.
[[nodiscard]] ConfigDocument parse_config_document(std::string_view text, const std::string& file);

/// The typed value of a node. Plain scalars follow YAML 1.1 as PyYAML reads it (yes/no are
/// booleans, 010 is octal), and `1e-4` is a number too. Integers beyond 64 bits become doubles.
[[nodiscard]] Value to_value(const ConfigNode& node);

/// The typed value of a plain (unquoted) scalar.
[[nodiscard]] Value resolve_plain_scalar(std::string_view text);

/// The node as a person would write it on one line, shortened to about 60 characters.
[[nodiscard]] std::string describe(const ConfigNode& node);

}  // namespace hd
