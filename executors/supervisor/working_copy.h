#pragma once
#include <functional>
#include <string>

#include "engine/core/result.h"

namespace hd {

/// Makes `work` in the open directory `attempt`: a copy of the snapshot (regular files with their
/// owner's permissions, made writable; symbolic links as links, never followed; nothing else) with
/// the folders outputs and logs. An empty `snapshot` gives just these. With `earlier_outputs`, an
/// absolute path, `outputs` is a copy of that folder, made by the same rules, instead of the
/// snapshot's. File data is shared with its source where the file system can. What an earlier try
/// left in `work` is removed. Returns an open descriptor of `work`; the caller closes it.
[[nodiscard]] Result<int> make_working_copy(int attempt,
                                            const std::string& snapshot,
                                            const std::string& earlier_outputs);

}  // namespace hd
