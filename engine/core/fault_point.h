#pragma once

namespace hd {

#ifdef HD_FAULT_POINTS
/// Builds made for tests die here by SIGKILL when the environment variable HDRIVE_FAULT is
/// "<name>:<number>": without a `number` given, at that passage in this process, counted from 1.
void fault_point(const char* name, int number = 0);
#else
/// Nothing in the builds that users run.
inline void fault_point(const char* /*name*/, int /*number*/ = 0) {}
#endif

}  // namespace hd
