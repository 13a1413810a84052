#pragma once
#include <stdexcept>
#include <string>

#include "executors/tracking/http_message.h"

namespace hd {

/// Why a call cannot be answered, in the words of MLflow's protocol.
class TrackingError : public std::runtime_error {
 public:
  enum class Code {
    kInvalidParameter,  ///< 400
    kAlreadyExists,     ///< 400
    kUnauthenticated,   ///< 401
    kPermissionDenied,  ///< 403
    kDoesNotExist,      ///< 404
    kNoSuchEndpoint,    ///< 404
    kTooLarge,          ///< 413
    kInternal,          ///< 500: the client tries again
    kNoSpace,           ///< 507
  };
  TrackingError(Code code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] Code code() const { return code_; }

 private:
  Code code_;
};

/// The answer that tells a client of it.
[[nodiscard]] HttpAnswer answer_of(const TrackingError& error);

}  // namespace hd
