// The library's boundary: what throws below it becomes a status.
#pragma once

#include <exception>
#include <new>
#include <stdexcept>

#include "xnnir/status.h"

namespace xnnir {

// Even the message may find no memory: then there is a short one, which takes none.
inline Status out_of_memory(const char *what) {
  try {
    return make_status(StatusCode::kMemoryAllocationFailed, "not enough memory to %s", what);
  } catch (const std::bad_alloc &) {
    return Status(StatusCode::kMemoryAllocationFailed, "no memory left");
  }
}

// `function` returns a Status or a Result. Containers throw when memory runs out, and kernels and backends
// that others registered may throw anything; nothing else here does. `what` completes "cannot …".
template <typename Function>
auto without_exceptions(const char *what, Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc &) {
    return out_of_memory(what);
  } catch (const std::length_error &) {
    return out_of_memory(what);
  } catch (const std::exception &error) {
    return make_status(StatusCode::kInternal, "cannot %s: %s", what, error.what());
  } catch (...) {
    return make_status(StatusCode::kInternal, "cannot %s: an exception of an unknown type was thrown", what);
  }
}

} // namespace xnnir
