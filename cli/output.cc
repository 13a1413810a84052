#include "cli/output.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <system_error>
#include <unistd.h>

#include <yaml-cpp/yaml.h>

#include "cli/text.h"
#include "engine/core/error.h"

namespace hd {

namespace {

constexpr std::string_view kKeyColor = "\033[34m";
constexpr std::string_view kTextColor = "\033[32m";
constexpr std::string_view kPlainColor = "\033[0m";

class JsonWriter {
 public:
  explicit JsonWriter(bool colored) : colored_(colored) {}

  void write(const Value& value, int depth) {
    if (value.is_map() && !value.as_map().empty()) {
      out += '{';
      const char* separator = "\n";
      for (const auto& [key, member] : value.as_map()) {
        out += separator;
        indent(depth + 1);
        color(kKeyColor);
        append_json_string(out, key);
        color(kPlainColor);
        out += ": ";
        write(member, depth + 1);
        separator = ",\n";
      }
      out += '\n';
      indent(depth);
      out += '}';
    } else if (value.is_list() && !value.as_list().empty()) {
      out += '[';
      const char* separator = "\n";
      for (const Value& item : value.as_list()) {
        out += separator;
        indent(depth + 1);
        write(item, depth + 1);
        separator = ",\n";
      }
      out += '\n';
      indent(depth);
      out += ']';
    } else {
      color(value.is_string() ? kTextColor : kPlainColor);
      out += to_json(value);
      color(kPlainColor);
    }
  }

  std::string out;

 private:
  void indent(int depth) { out.append(static_cast<std::size_t>(depth) * 2, ' '); }
  void color(std::string_view code) {
    if (colored_) out += code;
  }
  bool colored_;
};

/// Whether YAML would read the text back as a string without quotes. Deliberately narrow.
bool is_plain_yaml(std::string_view text) {
  constexpr std::array<std::string_view, 9> kOther = {
      "true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text.front())) == 0) return false;
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (std::find(kOther.begin(), kOther.end(), lower) != kOther.end()) return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-' || c == '/';
  });
}

void write_yaml(YAML::Emitter& out, const Value& value) {
  if (value.is_map()) {
    if (value.as_map().empty()) out << YAML::Flow;
    out << YAML::BeginMap;
    for (const auto& [key, member] : value.as_map()) {
      out << YAML::Key;
      write_yaml(out, Value(key));
      out << YAML::Value;
      write_yaml(out, member);
    }
    out << YAML::EndMap;
  } else if (value.is_list()) {
    if (value.as_list().empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const Value& item : value.as_list()) write_yaml(out, item);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    if (!is_plain_yaml(value.as_string())) out << YAML::DoubleQuoted;
    out << value.as_string();
  } else if (value.is_null()) {
    out << YAML::Null;
  } else if (value.is_double()) {
    const std::string text = to_json(value);
    out << (text.front() == '"' ? text.substr(1, text.size() - 2) : text);
  } else {
    out << to_json(value);
  }
}

const Value* member(const Value& object, std::string_view path) {
  const Value* found = object.find(path);
  if (found != nullptr) return found;
  const auto dot = path.find('.');
  if (dot == std::string_view::npos) return nullptr;
  const Value* outer = object.find(path.substr(0, dot));
  return outer == nullptr ? nullptr : member(*outer, path.substr(dot + 1));
}

std::string cell_text(const Value* value) {
  if (value == nullptr || value->is_null()) return {};
  if (value->is_string()) return printable(value->as_string());
  if (value->is_double()) return format_number(value->as_number());
  return to_json(*value);
}

std::vector<Value> rows_of(const Value& document) {
  if (document.is_list()) return document.as_list();
  return {document};
}

std::vector<std::string> columns_of(const std::vector<Value>& rows,
                                    std::span<const std::string> wanted) {
  if (!wanted.empty()) return {wanted.begin(), wanted.end()};
  std::vector<std::string> columns;
  for (const Value& row : rows) {
    if (!row.is_map()) continue;
    for (const auto& [key, value] : row.as_map()) {
      if (value.is_map() || value.is_list() || key == "schemaVersion") continue;
      if (std::find(columns.begin(), columns.end(), key) == columns.end()) columns.push_back(key);
    }
  }
  return columns;
}

std::string render_table(const Value& document, std::span<const std::string> wanted) {
  const std::vector<Value> rows = rows_of(document);
  const std::vector<std::string> columns = columns_of(rows, wanted);
  if (rows.empty() || columns.empty()) return {};
  std::vector<std::vector<std::string>> lines(2);
  for (const std::string& column : columns) {
    std::string title =
        column.substr(column.rfind('.') == std::string::npos ? 0 : column.rfind('.') + 1);
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
    lines[0].push_back(title);
  }
  for (const Value& row : rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const std::string& column : columns) line.push_back(cell_text(member(row, column)));
  }
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], cells(line[i]));
  }
  for (const std::size_t width : widths) lines[1].emplace_back(width, '-');
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += fit(line[i], widths[i]);
      if (i + 1 < line.size()) text += "  ";
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + '\n';
  }
  return out;
}

std::string render_tsv(const Value& document, std::span<const std::string> wanted) {
  const std::vector<Value> rows = rows_of(document);
  const std::vector<std::string> columns = columns_of(rows, wanted);
  std::string out;
  for (const Value& row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) out += '\t';
      out += cell_text(member(row, columns[i]));
    }
    out += '\n';
  }
  return out;
}

}  // namespace

OutputFormat parse_output_format(std::string_view name) {
  if (name == "json") return OutputFormat::kJson;
  if (name == "jsonc") return OutputFormat::kJsonColored;
  if (name == "yaml" || name == "yamlc") return OutputFormat::kYaml;
  if (name == "table") return OutputFormat::kTable;
  if (name == "tsv") return OutputFormat::kTsv;
  if (name == "none") return OutputFormat::kNone;
  throw UsageError("unknown output format '" + std::string(name) + "'",
                   "-o takes json, jsonc, yaml, table, tsv or none");
}

std::string render(const Value& document,
                   OutputFormat format,
                   std::span<const std::string> columns) {
  switch (format) {
    case OutputFormat::kJson:
    case OutputFormat::kJsonColored: {
      JsonWriter writer(format == OutputFormat::kJsonColored);
      writer.write(document, 0);
      return writer.out + '\n';
    }
    case OutputFormat::kYaml: {
      YAML::Emitter emitter;
      write_yaml(emitter, document);
      return std::string(emitter.c_str()) + '\n';
    }
    case OutputFormat::kTable:
      return render_table(document, columns);
    case OutputFormat::kTsv:
      return render_tsv(document, columns);
    case OutputFormat::kNone:
      break;
  }
  return {};
}

void write_stdout(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      throw BrokenOutput("the reader of standard output went away");
    } else if (errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "writing to standard output");
    }
  }
}

}  // namespace hd
