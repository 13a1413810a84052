#pragma once
#include <memory>

#include "engine/core/clock.h"

namespace boost::asio {
class io_context;
}

namespace hd {

/// The machine's clocks; timers run on `io`, which must outlive it.
[[nodiscard]] std::unique_ptr<Clock> make_real_clock(boost::asio::io_context& io);

}  // namespace hd
