#pragma once
#include <string>
#include <vector>

namespace hd {

/// A file that `folder attach` puts into .azureml, with each key explained from the field tables.
struct TemplateFile {
  std::string name;  ///< inside .azureml
  std::string text;
};

/// local.runconfig, docker.runconfig, conda_dependencies.yml and a sample hdconfig.yml.
[[nodiscard]] std::vector<TemplateFile> attach_templates();

}  // namespace hd
