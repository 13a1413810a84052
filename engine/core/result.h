#pragma once
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace hd {

/// Why an expected operation did not work: for people, complete in itself.
struct Error {
  std::string message;
  /// Only something was short (room on the disk, descriptors, processes): the same may work later.
  bool may_pass = false;
};

/// A value or an error, for failures that belong to ordinary life. Member names follow
/// std::expected, which replaces it when C++23 is at hand.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : data_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : data_(std::in_place_index<1>, std::move(error)) {}
  [[nodiscard]] bool has_value() const { return data_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] T& value() {
    require();
    return std::get<0>(data_);
  }
  [[nodiscard]] const T& value() const {
    require();
    return std::get<0>(data_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] const Error& error() const { return std::get<1>(data_); }

 private:
  void require() const {
    if (!has_value()) throw std::runtime_error(std::get<1>(data_).message);
  }
  std::variant<T, Error> data_;
};

}  // namespace hd
