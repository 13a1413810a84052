#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hd {

/// One pattern of an ignore file, with the meaning that gitignore gives it (case matters).
class IgnorePattern {
 public:
  /// `text` is a pattern line without its line end, trailing spaces already dropped.
  explicit IgnorePattern(std::string_view text);

  /// Whether the pattern speaks of `path`, given relative to the folder of the ignore file.
  [[nodiscard]] bool matches(std::string_view path, bool is_directory) const;
  /// The pattern takes back what an earlier one excluded.
  [[nodiscard]] bool negated() const { return negated_; }

 private:
  struct Token {
    enum class Kind { kByte, kAnyByte, kSet, kAnyRun, kAnyPath, kAnyFolders, kNever };
    Kind kind = Kind::kNever;
    unsigned char byte = 0;
    std::vector<bool> set;  ///< 256 members
  };

  void compile(std::string_view pattern);
  std::size_t compile_stars(std::string_view pattern, std::size_t at);
  std::size_t compile_set(std::string_view pattern, std::size_t at);
  [[nodiscard]] bool wildcards_match(std::string_view text) const;
  [[nodiscard]] bool takes(const Token& token, unsigned char byte) const;

  bool negated_ = false;
  bool directories_only_ = false;
  bool basename_only_ = false;  ///< has no slash: compared with the last part of a path
  std::string literal_;         ///< before the first wildcard
  std::vector<Token> wildcards_;
};

/// The ignore rules in force in one folder: those of its own ignore file, then those of the folders
/// above it up to the root of the walk. Immutable.
class IgnoreRules {
 public:
  /// Rules of the folder `directory` (relative to the root of the walk, empty for the root itself),
  /// below `above` (null for the root). `text` is its ignore file, empty when it has none.
  [[nodiscard]] static std::shared_ptr<const IgnoreRules> in_folder(
      std::shared_ptr<const IgnoreRules> above, std::string_view directory, std::string_view text);

  /// Whether an entry of this folder is excluded; `path` is relative to the root of the walk. What
  /// lies in an excluded folder is excluded with it and must not be asked about.
  [[nodiscard]] bool excludes(std::string_view path, bool is_directory) const;

 private:
  std::shared_ptr<const IgnoreRules> above_;
  std::size_t prefix_length_ = 0;  ///< of the folder and its slash in a path
  std::vector<IgnorePattern> patterns_;
};

}  // namespace hd
