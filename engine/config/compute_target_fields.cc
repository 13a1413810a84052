#include "engine/config/field_table.h"

namespace hd {

const FieldTable& compute_target_fields() {
  static const FieldTable kTable(
      "computetargets/<name>.yml",
      {
          {.path = "type",
           .description = "What kind of target it is. `remote`: machines reached over SSH.",
           .required = true,
           .options = {"remote"},
           .hint = "'local' needs no file"},
          {.path = "description", .description = "For people."},
          {.path = "hosts",
           .type = FieldType::kList,
           .description = "The machines. Child runs go to the one with the most free slots.",
           .required = true},
          {.path = "hosts[].address",
           .description = "Name or IP address, or a `Host` of your ssh configuration.",
           .required = true},
          {.path = "hosts[].port",
           .type = FieldType::kInteger,
           .description = "Port of its SSH server.",
           .default_value = "22",
           .min = 1,
           .max = 65535},
          {.path = "hosts[].user", .description = "Whom to log in as.", .required = true},
          {.path = "hosts[].slots",
           .type = FieldType::kInteger,
           .description = "How many child runs run there at once.",
           .default_value = "1",
           .min = 1,
           .max = 1024},
          {.path = "private_key_file",
           .description = "Private key to log in with, on this machine. Without it: the key agent "
                          "and the keys that ssh tries by itself."},
          {.path = "secret_file",
           .description = "File on this machine, mode 0600, that holds the password, or the "
                          "passphrase of the key. Given to ssh alone, when it asks."},
          {.path = "work_folder",
           .description = "Where programs, code and child runs lie on the hosts. `~/` is the "
                          "user's home there.",
           .default_value = "~/.local/share/hdrive"},
          {.path = "python",
           .description = "Interpreter of `.py` scripts on the hosts. Without it: the "
                          "`interpreterPath` of the runconfig, looked for there."},
          {.path = "environment",
           .type = FieldType::kFreeMap,
           .description = "Environment variables of all child runs there, such as PATH. Those of "
                          "the runconfig win.",
           .default_value = "{}"},
          {.path = "keep_files",
           .type = FieldType::kBoolean,
           .description = "Leave the files of a child run on its host after `outputs` and `logs` "
                          "were brought back.",
           .default_value = "false"},
      });
  return kTable;
}

}  // namespace hd
