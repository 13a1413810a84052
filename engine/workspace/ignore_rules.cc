#include "engine/workspace/ignore_rules.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace hd {
namespace {

constexpr std::string_view kWildcards = "*?[\\";

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool in(unsigned char byte, char first, char last) {
  return byte >= static_cast<unsigned char>(first) && byte <= static_cast<unsigned char>(last);
}

/// Membership in a named class of ASCII, the same under every locale; nullopt for an unknown name.
std::optional<bool> in_class(std::string_view name, unsigned char byte) {
  const bool upper = in(byte, 'A', 'Z'), lower = in(byte, 'a', 'z'), digit = in(byte, '0', '9');
  const bool blank = byte == ' ' || byte == '\t', visible = in(byte, '!', '~');
  if (name == "alnum") return upper || lower || digit;
  if (name == "alpha") return upper || lower;
  if (name == "blank") return blank;
  if (name == "cntrl") return byte < 0x20 || byte == 0x7f;
  if (name == "digit") return digit;
  if (name == "graph") return visible;
  if (name == "lower") return lower;
  if (name == "print") return visible || byte == ' ';
  if (name == "punct") return visible && !upper && !lower && !digit;
  if (name == "space") return blank || byte == '\n' || byte == '\r';  // as git has it
  if (name == "upper") return upper;
  if (name == "xdigit") return digit || in(byte, 'a', 'f') || in(byte, 'A', 'F');
  return std::nullopt;
}

/// Trailing spaces count only when a backslash stands before them.
std::string_view without_trailing_spaces(std::string_view line) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\\') {
      if (++at == line.size()) return line;
      end = at + 1;
    } else if (line[at] != ' ') {
      end = at + 1;
    }
  }
  return line.substr(0, end);
}

}  // namespace

IgnorePattern::IgnorePattern(std::string_view text) {
  if (!text.empty() && text.front() == '!') {
    negated_ = true;
    text.remove_prefix(1);
  }
  if (!text.empty() && text.back() == '/') {
    directories_only_ = true;
    text.remove_suffix(1);
  }
  basename_only_ = text.find('/') == std::string_view::npos;
  if (!basename_only_ && text.front() == '/') text.remove_prefix(1);
  // A pattern of basenames is matched as a whole. In the others git compares the part before the
  // first wildcard as it is and matches the rest on its own, so that `a**/b` means `a` and then
  // whatever `**/b` means at the beginning of a pattern.
  const std::size_t wildcard = std::min(text.find_first_of(kWildcards), text.size());
  if (basename_only_ && wildcard != text.size()) {
    compile(text);
  } else {
    literal_ = text.substr(0, wildcard);
    compile(text.substr(wildcard));
  }
}

void IgnorePattern::compile(std::string_view pattern) {
  std::size_t at = 0;
  while (at < pattern.size()) {
    switch (pattern[at]) {
      case '*':
        at = compile_stars(pattern, at);
        break;
      case '?':
        wildcards_.push_back({Token::Kind::kAnyByte, 0, {}});
        ++at;
        break;
      case '[':
        at = compile_set(pattern, at);
        break;
      case '\\':
        if (at + 1 == pattern.size()) {
          wildcards_.push_back({Token::Kind::kNever, 0, {}});
          return;
        }
        wildcards_.push_back({Token::Kind::kByte, byte_at(pattern, at + 1), {}});
        at += 2;
        break;
      default:
        wildcards_.push_back({Token::Kind::kByte, byte_at(pattern, at), {}});
        ++at;
    }
  }
}

std::size_t IgnorePattern::compile_stars(std::string_view pattern, std::size_t at) {
  const std::size_t end = std::min(pattern.find_first_not_of('*', at), pattern.size());
  const bool alone_before = at == 0 || pattern[at - 1] == '/';
  const std::string_view rest = pattern.substr(end);
  const bool alone_after = rest.empty() || rest[0] == '/' || rest.substr(0, 2) == "\\/";
  Token::Kind kind = Token::Kind::kAnyRun;
  if (end - at > 1 && alone_before && alone_after && !basename_only_) {
    // Followed by a slash it may stand for no folder at all, and then takes the slash with it.
    kind = !rest.empty() && rest[0] == '/' ? Token::Kind::kAnyFolders : Token::Kind::kAnyPath;
  }
  wildcards_.push_back({kind, 0, {}});
  return end;
}

std::size_t IgnorePattern::compile_set(std::string_view pattern, std::size_t at) {
  const auto never = [this, &pattern] {
    wildcards_.push_back({Token::Kind::kNever, 0, {}});
    return pattern.size();
  };
  std::vector<bool> set(256, false);
  std::size_t i = at + 1;
  const bool inverted = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (inverted) ++i;
  // The member that a following dash would make the low end of a range; none after a range or
  // class.
  int previous = -1;
  for (bool first = true;; first = false, ++i) {
    if (i >= pattern.size()) return never();
    if (pattern[i] == ']' && !first) break;
    if (pattern[i] == '-' && previous >= 0 && i + 1 < pattern.size() && pattern[i + 1] != ']') {
      ++i;
      if (pattern[i] == '\\' && ++i >= pattern.size()) return never();
      for (int member = previous; member <= byte_at(pattern, i); ++member) {
        set[static_cast<std::size_t>(member)] = true;
      }
      previous = -1;
      continue;
    }
    if (pattern.substr(i, 2) == "[:") {
      const std::size_t close = pattern.find(']', i + 2);
      if (close == std::string_view::npos) return never();
      if (close > i + 2 && pattern[close - 1] == ':') {
        const std::string_view name = pattern.substr(i + 2, close - i - 3);
        if (!in_class(name, 0)) return never();
        for (unsigned int member = 0; member < 256; ++member) {
          if (*in_class(name, static_cast<unsigned char>(member))) set[member] = true;
        }
        previous = -1;
        i = close;
        continue;
      }
    }
    if (pattern[i] == '\\' && ++i >= pattern.size()) return never();
    previous = byte_at(pattern, i);
    set[byte_at(pattern, i)] = true;
  }
  if (inverted) set.flip();
  if (!basename_only_) set['/'] = false;
  wildcards_.push_back({Token::Kind::kSet, 0, std::move(set)});
  return i + 1;
}

bool IgnorePattern::takes(const Token& token, unsigned char byte) const {
  switch (token.kind) {
    case Token::Kind::kByte:
      return byte == token.byte;
    case Token::Kind::kAnyByte:
    case Token::Kind::kAnyRun:
      return byte != '/';
    case Token::Kind::kSet:
      return token.set[byte];
    case Token::Kind::kAnyPath:
    case Token::Kind::kAnyFolders:
      return true;
    case Token::Kind::kNever:
      break;
  }
  return false;
}

bool IgnorePattern::wildcards_match(std::string_view text) const {
  // The states that reading a prefix of the text can lead to, all at once: time grows with the
  // product of the lengths, whatever the pattern. State n means that tokens before n are done.
  const std::size_t count = wildcards_.size();
  std::vector<bool> states(count + 1, false), next(count + 1, false);
  const auto enter = [this, count](std::vector<bool>& into, std::size_t state) {
    into[state] = true;
    // What may stand for nothing is passed at once.
    for (; state < count; ++state) {
      const Token::Kind kind = wildcards_[state].kind;
      if (kind == Token::Kind::kAnyFolders) {
        into[state + 1] = true;
        ++state;  // with its slash
      } else if (kind != Token::Kind::kAnyRun && kind != Token::Kind::kAnyPath) {
        return;
      }
      into[state + 1] = true;
    }
  };
  enter(states, 0);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    std::fill(next.begin(), next.end(), false);
    for (std::size_t state = 0; state < count; ++state) {
      if (!states[state] || !takes(wildcards_[state], byte)) continue;
      const Token::Kind kind = wildcards_[state].kind;
      if (kind == Token::Kind::kAnyFolders) {
        // Once it took a byte it needs its slash: only skipping it whole may take that too.
        next[state] = true;
        next[state + 1] = true;
      } else if (kind == Token::Kind::kAnyRun || kind == Token::Kind::kAnyPath) {
        next[state] = true;
        enter(next, state + 1);
      } else {
        enter(next, state + 1);
      }
    }
    std::swap(states, next);
  }
  return states[count];
}

bool IgnorePattern::matches(std::string_view path, bool is_directory) const {
  if (directories_only_ && !is_directory) return false;
  if (basename_only_) {
    const std::size_t slash = path.rfind('/');
    if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  }
  if (wildcards_.empty()) return path == literal_;
  return path.substr(0, literal_.size()) == literal_ &&
         wildcards_match(path.substr(literal_.size()));
}

std::shared_ptr<const IgnoreRules> IgnoreRules::in_folder(std::shared_ptr<const IgnoreRules> above,
                                                          std::string_view directory,
                                                          std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    text.remove_prefix(kByteOrderMark.size());
  }
  auto rules = std::make_shared<IgnoreRules>();
  rules->above_ = std::move(above);
  rules->prefix_length_ = directory.empty() ? 0 : directory.size() + 1;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.front() == '#') continue;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    line = without_trailing_spaces(line.substr(0, line.find('\0')));
    if (!line.empty()) rules->patterns_.emplace_back(line);
  }
  // Folders without rules of their own share those above them.
  return rules->patterns_.empty() && rules->above_ ? rules->above_ : rules;
}

bool IgnoreRules::excludes(std::string_view path, bool is_directory) const {
  // The last pattern that matches decides, and the nearest ignore file comes before those above it.
  for (const IgnoreRules* rules = this; rules != nullptr; rules = rules->above_.get()) {
    const std::string_view local = path.substr(std::min(rules->prefix_length_, path.size()));
    for (auto pattern = rules->patterns_.rbegin(); pattern != rules->patterns_.rend(); ++pattern) {
      if (pattern->matches(local, is_directory)) return !pattern->negated();
    }
  }
  return false;
}

}  // namespace hd
