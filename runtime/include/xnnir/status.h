// What every fallible call returns: a code, and a sentence for the person who has to fix it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

// The compiler checks arguments against formats where it can.
#if defined(__GNUC__)
#define XNNIR_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define XNNIR_PRINTF(text, first)
#endif

namespace xnnir {

// Values are those of ExecuTorch's runtime error codes, so that people who move over read the same numbers.
enum class StatusCode : uint32_t {
  kOk = 0x00,
  kInternal = 0x01,
  kInvalidState = 0x02,
  kNotSupported = 0x10,
  kNotImplemented = 0x11,
  kInvalidArgument = 0x12,
  kInvalidType = 0x13,
  kOperatorMissing = 0x14,
  kNotFound = 0x20,
  kMemoryAllocationFailed = 0x21,
  kAccessFailed = 0x22,
  kInvalidProgram = 0x23,
  kInvalidExternalData = 0x24,
  kOutOfResources = 0x25,
  kDelegateInvalidCompatibility = 0x30,
  kDelegateMemoryAllocationFailed = 0x31,
  kDelegateInvalidHandle = 0x32,
};

const char *to_string(StatusCode code);

class [[nodiscard]] Status {
public:
  Status() = default; // ok
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  // Lower case, names the field or argument, what was expected and what was found. Empty when ok.
  const std::string &message() const { return message_; }

private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

// Builds a Status with a printf-style message.
Status make_status(StatusCode code, const char *format, ...) XNNIR_PRINTF(2, 3);

// A value or the reason why there is none.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : state_(std::move(value)) {}
  Result(Status status) : state_(std::move(status)) {}

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }
  T &value() { return std::get<T>(state_); }
  const T &value() const { return std::get<T>(state_); }
  T &operator*() { return value(); }
  T *operator->() { return &value(); }

private:
  std::variant<T, Status> state_;
};

} // namespace xnnir

// Returns from the enclosing function when `expression` (a Status) is not ok.
#define XNNIR_RETURN_IF_ERROR(expression)                                                                    \
  do {                                                                                                       \
    ::xnnir::Status xnnir_status_ = (expression);                                                            \
    if (!xnnir_status_.ok())                                                                                 \
      return xnnir_status_;                                                                                  \
  } while (false)
