#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "engine/config/document.h"
#include "engine/config/field_table.h"
#include "engine/config/generated_docs.h"
#include "engine/config/templates.h"
#include "tests/config/reading.h"

namespace hd {
namespace {

std::string template_text(const std::string& name) {
  for (const TemplateFile& file : attach_templates()) {
    if (file.name == name) return file.text;
  }
  return {};
}

TEST(Generated, CommittedFilesAreUpToDate) {
  for (const GeneratedFile& file : generated_files()) {
    std::ifstream in(std::string(HD_SOURCE_DIR) + "/" + file.path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    EXPECT_EQ(text.str(), file.text)
        << file.path << " is behind the field tables: build the target `hd_docs`";
  }
}

TEST(Generated, SchemaNamesEveryKey) {
  const std::string schema = hdconfig_schema();
  for (const Field& field : hdconfig_fields().fields()) {
    const std::string_view key = field.path.substr(field.path.rfind('.') + 1);
    EXPECT_NE(schema.find("\"" + std::string(key) + "\": {"), std::string::npos) << field.path;
  }
}

TEST(Generated, TablesHaveAParentForEveryRow) {
  for (const FieldTable* table :
       {&hdconfig_fields(), &sweep_job_fields(), &runconfig_fields(), &compute_target_fields()}) {
    for (const Field& field : table->fields()) {
      EXPECT_FALSE(field.description.empty()) << field.path;
      const std::size_t dot = field.path.rfind('.');
      if (dot == std::string_view::npos) continue;
      std::string_view parent = field.path.substr(0, dot);
      if (parent.substr(parent.size() - 2) == "[]") parent.remove_suffix(2);
      EXPECT_NE(table->find(parent), nullptr) << field.path;
    }
    for (const auto& [spelling, path] : table->aliases()) EXPECT_NE(table->find(path), nullptr);
  }
}

TEST(Generated, DefaultsFitTheirFields) {
  for (const FieldTable* table :
       {&hdconfig_fields(), &sweep_job_fields(), &runconfig_fields(), &compute_target_fields()}) {
    for (const Field& field : table->fields()) {
      if (field.default_value.empty()) continue;
      EXPECT_TRUE(fits(parse_config_document(field.default_value, "default").root, field))
          << field.path;
    }
  }
}

TEST(Templates, HdconfigReadsWithoutARemark) {
  EXPECT_EQ(testing::said(template_text("hdconfig.yml"), true), "");
}

TEST(Templates, LocalRunconfigRuns) {
  std::vector<Diagnostic> warnings;
  const RunConfig config = read_runconfig(
      template_text("local.runconfig"), "local.runconfig", {.strict = true}, warnings);
  EXPECT_EQ(testing::lines(warnings), "");
  EXPECT_EQ(testing::lines(config.refused), "");
  EXPECT_TRUE(config.user_managed_dependencies);
  EXPECT_EQ(config.script, "train.py");
}

TEST(Templates, DockerRunconfigIsATrueSampleThatIsRefusedForNow) {
  std::vector<Diagnostic> warnings;
  const RunConfig config = read_runconfig(
      template_text("docker.runconfig"), "docker.runconfig", {.strict = true}, warnings);
  EXPECT_TRUE(config.use_docker);
  EXPECT_EQ(config.docker_base_image, "python:3.11-slim");
  EXPECT_THROW(require_runnable(config), ConfigError);
}

TEST(Templates, CondaDependenciesAreYaml) {
  EXPECT_TRUE(parse_config_document(template_text("conda_dependencies.yml"), "c").root.is_map());
}

}  // namespace
}  // namespace hd
