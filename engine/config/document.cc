#include "engine/config/document.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "engine/core/utf8.h"

namespace hd {
namespace {

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

/// Places every 64 bytes of text count as one more node, so that an alias of a long string is not
/// a way around the limit.
std::size_t cost_of(const ConfigNode& node) {
  std::size_t cost = 1 + node.text.size() / 64;
  for (const ConfigNode& item : node.items) cost += cost_of(item);
  for (const ConfigMember& member : node.members) {
    cost += member.key.size() / 64 + cost_of(member.value);
  }
  return cost;
}

/// Builds the tree from the parser's events, refusing what a configuration file never holds.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\n') line_starts_.push_back(at + 1);
    }
  }

  [[noreturn]] void fail(Mark mark, std::string message) const {
    throw ConfigError(
        {{Diagnostic::Severity::kError, file_, mark.line, mark.column, {}, std::move(message)}});
  }

  [[nodiscard]] Mark place(const YAML::Mark& mark) {
    if (mark.is_null()) return {1, 1};
    const auto line = static_cast<std::size_t>(std::max(mark.line, 0));
    const auto column = static_cast<std::size_t>(std::max(mark.column, 0));
    const std::size_t start = line < line_starts_.size() ? line_starts_[line] : text_.size();
    // Events come mostly from left to right: counting on from the last place keeps a file that is
    // one long line from costing its square.
    if (line != counted_line_ || column < counted_column_) {
      counted_line_ = line;
      counted_column_ = 0;
      counted_characters_ = 0;
    }
    const std::string_view between =
        text_.substr(std::min(start + counted_column_, text_.size()), column - counted_column_);
    counted_characters_ += std::count_if(between.begin(), between.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    });
    counted_column_ = column;
    return {static_cast<int>(line) + 1, static_cast<int>(counted_characters_) + 1};
  }

  ConfigDocument take() { return {std::move(root_), std::move(mistakes_)}; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      fail(place(mark), "a second document begins here; the file must hold exactly one");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    ConfigNode node;
    node.mark = place(mark);
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) fail(place(mark), "an alias may not stand inside its own anchor");
    charge(cost_of(found->second), place(mark));
    ConfigNode node = found->second;
    node.mark = place(mark);
    if (static_cast<int>(frames_.size()) + depth_of(node) > kMaxConfigDepth) fail_depth(node.mark);
    attach(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    ConfigNode node;
    node.kind = ConfigNode::Kind::kScalar;
    node.mark = place(mark);
    if (value.find('\0') != std::string::npos) fail(node.mark, "text may not hold a NUL character");
    node.text = value;
    node.quoted = tag != "?" && !tag.empty();
    if (node.quoted && tag != "!") apply_tag(node, tag);
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(ConfigNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(ConfigNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    ConfigNode node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    Mark key_mark;
    std::map<std::string, Mark, std::less<>> keys;  ///< of a map: where each was seen first
    std::vector<ConfigNode> merged;                 ///< values of `<<`
  };

  void charge(std::size_t cost, Mark mark) {
    nodes_ += cost;
    if (nodes_ > kMaxConfigNodes) {
      fail(mark,
           "the file describes more than " + std::to_string(kMaxConfigNodes) +
               " values, aliases included; no configuration file is that large");
    }
  }

  [[noreturn]] void fail_depth(Mark mark) const {
    fail(mark, "values are nested more than " + std::to_string(kMaxConfigDepth) + " levels deep");
  }

  static int depth_of(const ConfigNode& node) {
    int depth = 0;
    for (const ConfigNode& item : node.items) depth = std::max(depth, depth_of(item));
    for (const ConfigMember& member : node.members) depth = std::max(depth, depth_of(member.value));
    return depth + 1;
  }

  void mistake(Mark mark, std::string key, std::string message) {
    mistakes_.push_back({Diagnostic::Severity::kError,
                         file_,
                         mark.line,
                         mark.column,
                         std::move(key),
                         std::move(message)});
  }

  void apply_tag(ConfigNode& node, const std::string& tag) {
    const bool known = tag.rfind(kTagPrefix, 0) == 0;
    const std::string name = known ? tag.substr(kTagPrefix.size()) : tag;
    if (known && name == "str") return;
    if (known && (name == "int" || name == "float" || name == "bool" || name == "null")) {
      node.quoted = false;
      const Value value = resolve_plain_scalar(node.text);
      const bool fits = name == "int"     ? value.is_integer()
                        : name == "float" ? value.is_number()
                        : name == "bool"  ? value.is_bool()
                                          : value.is_null();
      if (!fits) mistake(node.mark, {}, "!!" + name + " does not fit " + describe(node));
      if (value.is_null()) node.kind = ConfigNode::Kind::kNull;
      return;
    }
    mistake(node.mark, {}, "the tag " + tag + " is not known; write the value without it");
  }

  void open(ConfigNode::Kind kind,
            const YAML::Mark& mark,
            const std::string& tag,
            YAML::anchor_t anchor) {
    const Mark where = place(mark);
    charge(1, where);
    if (static_cast<int>(frames_.size()) >= kMaxConfigDepth) fail_depth(where);
    const std::string standard =
        std::string(kTagPrefix) + (kind == ConfigNode::Kind::kMap ? "map" : "seq");
    if (!tag.empty() && tag != "?" && tag != "!" && tag != standard) {
      mistake(where, {}, "the tag " + tag + " is not known; write the value without it");
    }
    Frame frame;
    frame.node.kind = kind;
    frame.node.mark = where;
    frame.anchor = anchor;
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    for (ConfigNode& source : frame.merged) merge(frame, source);
    remember(frame.node, frame.anchor);
    attach(std::move(frame.node));
  }

  /// Members of `<<` that the map does not set itself.
  void merge(Frame& frame, ConfigNode& source) {
    if (source.is_list()) {
      for (ConfigNode& item : source.items) merge(frame, item);
      return;
    }
    if (!source.is_map()) {
      mistake(source.mark,
              "<<",
              "a merge key takes a map or a list of maps; found " + describe(source));
      return;
    }
    for (ConfigMember& member : source.members) {
      if (frame.keys.emplace(member.key, member.mark).second) {
        frame.node.members.push_back(std::move(member));
      }
    }
  }

  void add(ConfigNode node, YAML::anchor_t anchor) {
    charge(cost_of(node), node.mark);
    remember(node, anchor);
    attach(std::move(node));
  }

  void remember(const ConfigNode& node, YAML::anchor_t anchor) {
    if (anchor == 0) return;
    charge(cost_of(node), node.mark);
    anchors_[anchor] = node;
  }

  /// Puts a finished node where it belongs: the root, an item, a key or a member's value.
  void attach(ConfigNode node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.is_list()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.has_key) {
      frame.has_key = true;
      frame.key = node.is_scalar() ? std::move(node.text) : std::string();
      frame.key_mark = node.mark;
      if (!node.is_scalar())
        mistake(node.mark, {}, "a key must be a name; found " + describe(node));
    } else {
      frame.has_key = false;
      attach_member(frame, std::move(node));
    }
  }

  void attach_member(Frame& frame, ConfigNode value) {
    // The parser places an absent value at whatever comes next; the key is where to look.
    if (value.is_null()) value.mark = frame.key_mark;
    if (frame.key == "<<") {
      frame.merged.push_back(std::move(value));
      return;
    }
    const auto [first, is_new] = frame.keys.emplace(frame.key, frame.key_mark);
    if (!is_new) {
      mistake(frame.key_mark,
              frame.key,
              "appears twice; the first is on line " + std::to_string(first->second.line));
      return;
    }
    frame.node.members.push_back({frame.key, frame.key_mark, std::move(value)});
  }

  std::string_view text_;
  std::string file_;
  std::vector<std::size_t> line_starts_{0};
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, ConfigNode> anchors_;
  std::size_t nodes_ = 0;
  std::size_t counted_line_ = 0;
  std::size_t counted_column_ = 0;
  std::ptrdiff_t counted_characters_ = 0;
  int documents_ = 0;
  ConfigNode root_;
  std::vector<Diagnostic> mistakes_;
};

/// The first byte that cannot stand in a configuration file, and why.
void require_text(std::string_view text, const TreeBuilder& builder) {
  const std::optional<std::size_t> bad = find_invalid_utf8(text);
  const std::size_t end = bad.value_or(text.size());
  int line = 1;
  int column = 1;
  for (std::size_t at = 0; at < end; ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F) {
      builder.fail({line, column},
                   byte == 0 ? "found a NUL byte; this is not a text file"
                             : "found a control character (byte " + std::to_string(byte) +
                                   "); this is not a text file");
    }
    if (byte == '\n') {
      ++line;
      column = 1;
    } else if ((byte & 0xC0U) != 0x80U) {
      ++column;
    }
  }
  if (bad) builder.fail({line, column}, "the text is not UTF-8; save the file in that encoding");
}

}  // namespace

const ConfigNode* ConfigNode::find(std::string_view key) const {
  for (const ConfigMember& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

ConfigDocument parse_config_document(std::string_view text, const std::string& file) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (text.size() > kMaxConfigBytes) {
    throw ConfigError({{Diagnostic::Severity::kError,
                        file,
                        0,
                        0,
                        {},
                        "the file has " + std::to_string(text.size()) + " bytes; at most " +
                            std::to_string(kMaxConfigBytes) + " are read"}});
  }
  TreeBuilder builder(text, file);
  require_text(text, builder);
  std::istringstream input{std::string(text)};
  try {
    YAML::Parser parser(input);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    builder.fail(builder.place(error.mark), "this is not valid YAML: " + error.msg);
  }
  return builder.take();
}

}  // namespace hd
