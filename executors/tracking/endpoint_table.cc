#include "executors/tracking/endpoint_table.h"

#include <algorithm>

namespace hd {

const Endpoint* EndpointTable::find(const std::string& method,
                                    std::string_view path,
                                    std::string& id) const {
  id.clear();
  const std::string key = method + ' ' + std::string(path);
  if (const auto exact = endpoints_.find(key); exact != endpoints_.end()) return &exact->second;
  const std::size_t begin = path.find('/');
  if (begin == std::string_view::npos) return nullptr;
  const std::size_t end = std::min(path.find('/', begin + 1), path.size());
  const std::string pattern =
      method + ' ' + std::string(path.substr(0, begin + 1)) + '*' + std::string(path.substr(end));
  const auto found = endpoints_.find(pattern);
  if (found == endpoints_.end()) return nullptr;
  id = path.substr(begin + 1, end - begin - 1);
  return &found->second;
}

}  // namespace hd
