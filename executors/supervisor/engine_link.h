#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "executors/supervisor/stream_log.h"

namespace boost::asio {
class io_context;
}

namespace hd {

/// The supervisor's side of its conversation with engines: sends the stream from the wanted number
/// on and hears their commands. One engine at a time, the newest. Holds one buffer: what an engine
/// has not taken is read again from the log, so a slow or dead engine costs nothing more.
class EngineLink {
 public:
  struct Commands {
    /// `grace_seconds` is empty when the engine leaves it to the spec.
    std::function<void(std::optional<int> grace_seconds, bool force)> cancel;
    /// Something a person should know.
    std::function<void(const std::string& text)> note;
  };

  /// `directory`: the attempt's, open for as long as this object lives. Who connects must name the
  /// attempt's `nonce` first; others are closed, and told of once.
  EngineLink(boost::asio::io_context& loop,
             const StreamLog& log,
             int directory,
             std::string nonce,
             Commands commands);
  ~EngineLink();

  /// Takes over a connected socket (the descriptor an engine left us) and sends from fact 1 on.
  /// Once that engine is gone, listens: until then there is nobody else to listen for.
  void attach(int descriptor);

  /// Listens on supervisor.sock in the attempt's directory. Where that is not possible now (disk
  /// full, no descriptors) it is tried again; the files have everything anyway.
  void listen();

  /// The log has grown.
  void poke();

  /// Calls `done` once the engine has been sent everything, or there is none, or it took nothing
  /// for `patience_ms`. Afterwards every connection is closed.
  void finish(int patience_ms, std::function<void(bool delivered)> done);

  class Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace hd
