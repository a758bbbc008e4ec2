#include "xnnir/status.h"

#include <cstdarg>
#include <cstdio>
#include <vector>

namespace xnnir {

const char *to_string(StatusCode code) {
  switch (code) {
  case StatusCode::kOk:
    return "ok";
  case StatusCode::kInternal:
    return "internal error";
  case StatusCode::kInvalidState:
    return "invalid state";
  case StatusCode::kNotSupported:
    return "not supported";
  case StatusCode::kNotImplemented:
    return "not implemented";
  case StatusCode::kInvalidArgument:
    return "invalid argument";
  case StatusCode::kInvalidType:
    return "invalid type";
  case StatusCode::kOperatorMissing:
    return "operator missing";
  case StatusCode::kNotFound:
    return "not found";
  case StatusCode::kMemoryAllocationFailed:
    return "memory allocation failed";
  case StatusCode::kAccessFailed:
    return "access failed";
  case StatusCode::kInvalidProgram:
    return "invalid program";
  case StatusCode::kInvalidExternalData:
    return "invalid external data";
  case StatusCode::kOutOfResources:
    return "out of resources";
  case StatusCode::kDelegateInvalidCompatibility:
    return "incompatible delegate";
  case StatusCode::kDelegateMemoryAllocationFailed:
    return "delegate memory allocation failed";
  case StatusCode::kDelegateInvalidHandle:
    return "invalid delegate handle";
  }
  return "unknown error";
}

Status make_status(StatusCode code, const char *format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  std::va_list copy;
  va_copy(copy, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, arguments);
  va_end(arguments);
  std::string message;
  if (length > 0) {
    message.resize(static_cast<size_t>(length));
    std::vsnprintf(message.data(), message.size() + 1, format, copy);
  }
  va_end(copy);
  return Status(code, std::move(message));
}

} // namespace xnnir
