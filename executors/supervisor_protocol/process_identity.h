#pragma once
#include <cstdint>
#include <string>
#include <sys/types.h>

namespace hd {

/// Start time of a process in clock ticks since boot, 0 when there is no such process or it is a
/// zombie. With the pid and the boot id it names a process for ever; a pid alone does not.
[[nodiscard]] std::uint64_t process_start_time(pid_t pid);

/// Whether the error of a system call says that something is used up (disk, descriptors, memory,
/// processes), so that the same call may work later.
[[nodiscard]] bool is_shortage(int problem);

/// The kernel's random name of the current boot; empty when it cannot be read.
[[nodiscard]] std::string boot_id();

// Through syscall(2): glibc 2.36 declares its wrappers without C linkage.
/// A descriptor that names the process for good; -1 with errno.
[[nodiscard]] int open_process(pid_t pid);
/// False when the process is gone.
bool signal_process(int process_descriptor, int signal);

/// Whether a signal sent to the process still waits to be received; false when nobody can tell.
[[nodiscard]] bool is_signal_pending(pid_t pid, int signal);

}  // namespace hd
