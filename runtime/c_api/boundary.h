// What every function of the C API does: statuses with messages, structs that know their size, nothing
// thrown.
#pragma once

#include <algorithm>
#include <cstring>

#include "core/no_throw.h"
#include "xnnir/status.h"
#include "xnnir/tensor.h"
#include "xnnir/value.h"
#include "xnnir/xnnir.h"

namespace xnnir::c_api {

// Remembers the message for xnnir_last_error() when the status is not ok.
xnnir_status report(const Status &status);
// Empty, so that what a callback leaves there is its own.
void clear_last_error();
// What a callback returned, with the message that it left.
Status from_callback(xnnir_status status, const char *what);

template <typename Function> xnnir_status guarded(const char *what, Function function) {
  return report(without_exceptions(what, [&]() -> Status { return function(); }));
}

inline Status is_null(const char *name) {
  return make_status(StatusCode::kInvalidArgument, "%s is null", name);
}

// Above any struct there will be: more is memory that nobody initialised.
constexpr size_t kMaxStructSize = 4096;

template <typename T> Status check_struct_size(const T *given, const char *type) {
  if (given->struct_size >= sizeof(given->struct_size) && given->struct_size <= kMaxStructSize)
    return {};
  return make_status(StatusCode::kInvalidArgument, "struct_size of the %s is %zu, expected sizeof(%s)", type,
                     given->struct_size, type);
}

// Takes over what the caller's version of the struct has. The others are zero, as in a null struct. A field
// that is added must not lie in what was padding at the end, for that may hold anything.
template <typename T> Status read_struct(const T *given, const char *type, T &known) {
  std::memset(&known, 0, sizeof(T));
  known.struct_size = sizeof(T);
  if (given == nullptr)
    return {};
  XNNIR_RETURN_IF_ERROR(check_struct_size(given, type));
  const auto *bytes = reinterpret_cast<const unsigned char *>(given);
  for (size_t i = sizeof(T); i < given->struct_size; ++i)
    if (bytes[i] != 0)
      return make_status(
          StatusCode::kNotSupported,
          "%s is newer than this library (%zu bytes, known are %zu) and has a field set that it "
          "does not know, at byte %zu",
          type, given->struct_size, sizeof(T), i);
  std::memcpy(&known, given, std::min(given->struct_size, sizeof(T)));
  known.struct_size = sizeof(T);
  return {};
}

// Fills in as much as the caller's version of the struct has, and zeros what it has beyond.
template <typename T> Status write_struct(const T &value, const char *type, T *given) {
  if (given == nullptr)
    return is_null(type);
  XNNIR_RETURN_IF_ERROR(check_struct_size(given, type));
  const size_t size = given->struct_size;
  std::memset(static_cast<void *>(given), 0, size);
  std::memcpy(static_cast<void *>(given), &value, std::min(size, sizeof(T)));
  given->struct_size = size;
  return {};
}

// The caller's tensor, as a view of its memory.
Result<Tensor> to_tensor(const xnnir_tensor *given);
// A view of the tensor, whose shape it points to.
Status write_tensor(const Tensor &tensor, xnnir_tensor *view);

// XNNIR_KIND_… of a value, and of the name that kind_of() has for it.
int32_t kind_number(const Value &value);
int32_t kind_number(const std::string &kind);

// The value as a T; kInvalidType names `what` and `index`.
template <typename T> Status take(const Value &value, const char *what, size_t index, T *out) {
  if (out == nullptr)
    return is_null("value");
  const T *held = std::get_if<T>(&value);
  if (held == nullptr)
    return make_status(StatusCode::kInvalidType, "%s %zu is of kind %s, expected %s", what, index,
                       kind_of(value), kind_of(Value(T())));
  *out = *held;
  return {};
}

} // namespace xnnir::c_api
