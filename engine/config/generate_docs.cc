// Writes the documents and schemas that are made from the field tables into a repository.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "engine/config/generated_docs.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: hd_generate_docs <repository root>\n";
    return 2;
  }
  for (const hd::GeneratedFile& file : hd::generated_files()) {
    const std::filesystem::path path = std::filesystem::path(argv[1]) / file.path;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    out << file.text;
    if (!out.flush()) {
      std::cerr << "cannot write " << path << "\n";
      return 1;
    }
  }
  return 0;
}
