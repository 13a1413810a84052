#include "cli/completion.h"

#include <CLI/CLI.hpp>

#include "engine/core/error.h"

namespace hd {

namespace {

constexpr const char* kBash = R"sh(_hdrive() {
  local IFS=$'\n'
  COMPREPLY=($(compgen -W "$(hdrive __words "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _hdrive hdrive
)sh";

constexpr const char* kFish =
    "complete -c hdrive -a '(hdrive __words (commandline -opc)[2..-1] 2>/dev/null)'\n";

}  // namespace

std::string completion_script(const std::string& shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return std::string("autoload -U +X bashcompinit && bashcompinit\n") + kBash;
  if (shell == "fish") return kFish;
  throw UsageError("no completion for the shell '" + shell + "'", "bash, zsh or fish");
}

std::string completion_words(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* at = &app;
  for (const std::string& word : words) {
    for (const CLI::App* command : at->get_subcommands([](const CLI::App*) { return true; })) {
      if (command->get_name() == word) {
        at = command;
        break;
      }
    }
  }
  std::string out;
  for (const CLI::App* command : at->get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) out += command->get_name() + '\n';
  }
  for (const CLI::Option* option : at->get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) out += "--" + name + '\n';
  }
  return out;
}

}  // namespace hd
