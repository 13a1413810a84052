#pragma once
#include <string>
#include <string_view>

#include "engine/core/event.h"

namespace hd {

/// The payload of an event as JSON. Names are frozen: histories of every release hold them. NaN and
/// infinities are the strings "NaN", "Infinity", "-Infinity"; text that is not UTF-8 loses the
/// offending bytes to U+FFFD.
[[nodiscard]] std::string encode_event(const EventBody& body);

/// The reverse. Unknown fields are passed over and missing ones keep their defaults, so that
/// releases read one another's events. Throws std::invalid_argument saying what is wrong when
/// `name` is no event kind known here or the payload is not such an event.
[[nodiscard]] EventBody decode_event(std::string_view name, std::string_view payload);

}  // namespace hd
