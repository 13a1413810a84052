#include "executors/tracking/tracking_error.h"

#include <nlohmann/json.hpp>

#include "executors/tracking/json_fields.h"

namespace hd {

HttpAnswer answer_of(const TrackingError& error) {
  using Code = TrackingError::Code;
  const char* name = "INTERNAL_ERROR";
  int status = 500;
  switch (error.code()) {
    case Code::kInvalidParameter:
      name = "INVALID_PARAMETER_VALUE";
      status = 400;
      break;
    case Code::kAlreadyExists:
      name = "RESOURCE_ALREADY_EXISTS";
      status = 400;
      break;
    case Code::kUnauthenticated:
      name = "UNAUTHENTICATED";
      status = 401;
      break;
    case Code::kPermissionDenied:
      name = "PERMISSION_DENIED";
      status = 403;
      break;
    case Code::kDoesNotExist:
      name = "RESOURCE_DOES_NOT_EXIST";
      status = 404;
      break;
    case Code::kNoSuchEndpoint:
      name = "ENDPOINT_NOT_FOUND";
      status = 404;
      break;
    case Code::kTooLarge:
      name = "INVALID_PARAMETER_VALUE";
      status = 413;
      break;
    case Code::kInternal:
      break;
    case Code::kNoSpace:
      status = 507;
      break;
  }
  HttpAnswer answer;
  answer.status = status;
  answer.body = dumped({{"error_code", name}, {"message", error.what()}});
  return answer;
}

}  // namespace hd
