#pragma once
#include <memory>
#include <string>

#include "engine/core/clock.h"

namespace boost::asio {
class io_context;
}

namespace hd {

/// The machine's clocks; timers run on `io`, which must outlive it.
[[nodiscard]] std::unique_ptr<Clock> make_real_clock(boost::asio::io_context& io);

/// Identifies this boot of this machine; empty when the system does not tell.
[[nodiscard]] std::string boot_id();

}  // namespace hd
