#include "engine/core/fault_point.h"

#ifdef HD_FAULT_POINTS
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace hd {

void fault_point(const char* name, int number) {
  const char* wanted = std::getenv("HDRIVE_FAULT");
  if (wanted == nullptr) return;
  const std::string_view fault = wanted;
  const auto colon = fault.rfind(':');
  if (colon == std::string_view::npos || fault.substr(0, colon) != name) return;
  static int passages = 0;  // only one name is wanted, so one count suffices
  if (number == 0) number = ++passages;
  if (number == std::atoi(fault.data() + colon + 1)) std::raise(SIGKILL);
}

}  // namespace hd
#endif
