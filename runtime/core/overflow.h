// Integer arithmetic that says when the exact result has no place in its type.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

namespace xnnir {

// For compilers without the builtins of GCC and clang; not to be called elsewhere but by tests.
namespace portable {

struct Magnitude {
  bool negative;
  uint64_t value;
};

template <typename T> Magnitude magnitude(T number) {
  if constexpr (std::is_signed_v<T>)
    if (number < 0)
      return {true, 0 - static_cast<uint64_t>(number)};
  return {false, static_cast<uint64_t>(number)};
}

// Stores what fits, and leaves `result` as it is otherwise. True when it does not fit.
template <typename R> bool store(Magnitude exact, R *result) {
  const uint64_t largest = static_cast<uint64_t>(std::numeric_limits<R>::max());
  const uint64_t limit = !exact.negative ? largest : std::is_signed_v<R> ? largest + 1 : 0;
  if (exact.value > limit)
    return true;
  *result = static_cast<R>(exact.negative ? 0 - exact.value : exact.value);
  return false;
}

template <typename A, typename B, typename R> bool mul_overflow(A a, B b, R *result) {
  const Magnitude left = magnitude(a), right = magnitude(b);
  if (left.value != 0 && right.value > UINT64_MAX / left.value)
    return true;
  return store({left.negative != right.negative, left.value * right.value}, result);
}

template <typename R> bool add_magnitudes(Magnitude left, Magnitude right, R *result) {
  if (left.negative == right.negative)
    return left.value > UINT64_MAX - right.value || store({left.negative, left.value + right.value}, result);
  return left.value >= right.value ? store({left.negative, left.value - right.value}, result)
                                   : store({right.negative, right.value - left.value}, result);
}

template <typename A, typename B, typename R> bool add_overflow(A a, B b, R *result) {
  return add_magnitudes(magnitude(a), magnitude(b), result);
}

template <typename A, typename B, typename R> bool sub_overflow(A a, B b, R *result) {
  Magnitude right = magnitude(b);
  right.negative = !right.negative;
  return add_magnitudes(magnitude(a), right, result);
}

} // namespace portable

// True when a * b, computed exactly, has no place in `result`, whose content is then of no use.
template <typename A, typename B, typename R> bool mul_overflow(A a, B b, R *result) {
#ifdef __GNUC__
  return __builtin_mul_overflow(a, b, result);
#else
  return portable::mul_overflow(a, b, result);
#endif
}

template <typename A, typename B, typename R> bool add_overflow(A a, B b, R *result) {
#ifdef __GNUC__
  return __builtin_add_overflow(a, b, result);
#else
  return portable::add_overflow(a, b, result);
#endif
}

template <typename A, typename B, typename R> bool sub_overflow(A a, B b, R *result) {
#ifdef __GNUC__
  return __builtin_sub_overflow(a, b, result);
#else
  return portable::sub_overflow(a, b, result);
#endif
}

} // namespace xnnir
