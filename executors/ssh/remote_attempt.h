#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/executor.h"
#include "executors/ssh/host_link.h"
#include "executors/ssh/local_tree.h"
#include "executors/ssh/returned_files.h"

namespace hd {

/// One attempt as the engine's side sees it: waiting for a slot (no link), on its way to a host,
/// running there, or over there and on its way back.
struct RemoteAttempt {
  RemoteAttempt(ChildRunSpec wanted_spec, std::int64_t next)
      : spec(std::move(wanted_spec)), next_sequence(next), files(spec.attempt_directory) {}

  ChildRunSpec spec;               ///< with the paths of this machine
  std::int64_t next_sequence;      ///< first fact of its stream that was not heard yet
  HostLink* link = nullptr;        ///< its host; null while it waits for a slot
  bool may_run = false;            ///< it was sent, by this engine or an earlier one
  bool sent = false;               ///< over the present connection
  bool told_of_wait = false;       ///< the user knows that it waits
  bool told_of_outage = false;     ///< the user knows that the connection is lost
  int holds = 0;                   ///< how often a shortage has put it off
  int round = 0;                   ///< rises with every try to send it
  std::deque<LocalTree> trees;     ///< to be on the host before it is sent
  std::optional<ExitStatus> exit;  ///< it is over on its host
  enum class Cancel { kNone, kGrace, kForce };
  Cancel wanted = Cancel::kNone;
  ReturnedFiles files;
};

/// What differs between this machine and a host.
struct RemotePlaces {
  /// Paths of this machine and where the same is on the host.
  std::vector<std::pair<std::string, std::string>> moved;
  std::vector<std::pair<std::string, std::string>> environment;  ///< under that of the spec
  std::string python;  ///< what stands for the program `python`; empty = as it is
};

/// The attempt's directory on a host whose work folder is `work`.
[[nodiscard]] std::string remote_directory(const ChildRunSpec& spec, const std::string& work);

/// The spec as the host needs it. Paths that were moved are replaced where they are a whole
/// argument, a whole variable or one of several between colons.
[[nodiscard]] ChildRunSpec remote_spec(const ChildRunSpec& spec,
                                       const std::string& work,
                                       const RemotePlaces& places);

}  // namespace hd
