#include "engine/core/ask_worker.h"

#include <exception>
#include <string>

namespace hd {

AskResult ask_or_warn(const Sampler& sampler, const AskRequest& request) {
  try {
    return sampler.ask(request);
  } catch (const std::exception& error) {
    AskResult result;
    result.warning = std::string("the sampler failed: ") + error.what();
    return result;
  }
}

}  // namespace hd
