#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace hd {

/// The JSON object of a request; an empty text is an empty object. Throws TrackingError for
/// anything else.
[[nodiscard]] nlohmann::json read_json_object(std::string_view text);

/// Members of a call's parameters. All but number_field and required_text give nothing for a member
/// that is absent or null; all throw TrackingError, which names the member, for one of another
/// type. Whole numbers may be written as text, as protocol buffers do.
[[nodiscard]] std::string text_field(const nlohmann::json& parameters, const char* name);
[[nodiscard]] std::string required_text(const nlohmann::json& parameters, const char* name);
[[nodiscard]] std::optional<std::int64_t> integer_field(const nlohmann::json& parameters,
                                                        const char* name);
[[nodiscard]] double number_field(const nlohmann::json& parameters, const char* name);
/// The list of that name, or an empty one. Refers into `parameters`.
[[nodiscard]] const nlohmann::json& list_field(const nlohmann::json& parameters, const char* name);

/// A number, or the text that stands for one that JSON has no word for.
[[nodiscard]] nlohmann::json number_json(double value);

/// As text; what is no UTF-8 is replaced.
[[nodiscard]] std::string dumped(const nlohmann::json& json);

}  // namespace hd
