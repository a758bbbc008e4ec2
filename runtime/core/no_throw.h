// The library's boundary: what throws below it becomes a status.
#pragma once

#include <exception>
#include <new>

#include "xnnir/status.h"

namespace xnnir {

// `function` returns a Status or a Result. Containers throw when memory runs out, and kernels and backends
// that others registered may throw anything; nothing else here does. `what` completes "cannot …".
template <typename Function>
auto without_exceptions(const char *what, Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc &) {
    return make_status(StatusCode::kMemoryAllocationFailed, "not enough memory to %s", what);
  } catch (const std::exception &error) {
    return make_status(StatusCode::kInternal, "cannot %s: %s", what, error.what());
  } catch (...) {
    return make_status(StatusCode::kInternal, "cannot %s: an exception of an unknown type was thrown", what);
  }
}

} // namespace xnnir
