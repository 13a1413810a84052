#pragma once

namespace hd::attempt_files {

// The names inside an attempt's directory (docs/supervisor.md). Frozen: engines and supervisors of
// different versions meet here.
inline constexpr const char* kSpec = "spec";
inline constexpr const char* kClaim = "claim";
inline constexpr const char* kLock = "lock";
inline constexpr const char* kExit = "exit";
inline constexpr const char* kExitTemporary = "exit.tmp";
inline constexpr const char* kStream = "stream.jsonl";
inline constexpr const char* kSocket = "supervisor.sock";
inline constexpr const char* kMetrics = "metrics";
inline constexpr const char* kLogs = "logs";
inline constexpr const char* kStdout = "logs/stdout.txt";
inline constexpr const char* kStderr = "logs/stderr.txt";
inline constexpr const char* kWork = "work";

/// On the engine's machine alone: the host that an attempt was sent to.
inline constexpr const char* kPlacement = "placement";

/// Environment variable that marks every process of an attempt with the attempt's nonce.
inline constexpr const char* kMark = "HDRIVE_ATTEMPT";

/// Descriptor on which a supervisor finds the socket of the engine that started it, if any.
inline constexpr int kEngineDescriptor = 3;

// What the supervisor exits with. Frozen.
inline constexpr int kExitSupervised = 0;  ///< it wrote the exit record, whatever is in it
inline constexpr int kExitUnusable = 70;   ///< no usable directory or spec: nothing was claimed
inline constexpr int kExitClaimed = 75;    ///< another supervisor has the attempt
inline constexpr int kExitEnded = 76;      ///< the attempt has its exit record already

}  // namespace hd::attempt_files
