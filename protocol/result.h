// Result<T>: a value or the Violation that prevented it.
//
// The shape of std::expected, which C++20 lacks. Allocates nothing itself.
#ifndef VUSPEC_PROTOCOL_RESULT_H_
#define VUSPEC_PROTOCOL_RESULT_H_

#include <utility>
#include <variant>

#include "protocol/violation.h"

namespace vuspec::protocol {

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}       // NOLINT: implicit
  Result(Violation violation) : state_(violation) {}  // NOLINT: implicit

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok().
  T& value() { return *std::get_if<T>(&state_); }
  const T& value() const { return *std::get_if<T>(&state_); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok().
  const Violation& violation() const {
    return *std::get_if<Violation>(&state_);
  }

 private:
  std::variant<T, Violation> state_;
};

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_RESULT_H_
