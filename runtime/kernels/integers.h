// Arithmetic on int64 where C++ leaves something undefined: results wrap, as PyTorch's do.
#pragma once

#include <cstdint>
#include <limits>

namespace xnnir {

inline int64_t wrapping_add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
inline int64_t wrapping_subtract(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
inline int64_t wrapping_multiply(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
inline int64_t wrapping_negate(int64_t a) { return wrapping_subtract(0, a); }

// The quotient towards zero. `b` is not 0.
inline int64_t truncating_divide(int64_t a, int64_t b) { return b == -1 ? wrapping_negate(a) : a / b; }
// What truncating_divide leaves; it has the sign of `a`.
inline int64_t truncating_modulo(int64_t a, int64_t b) { return b == -1 ? 0 : a % b; }
// The quotient towards minus infinity.
inline int64_t floor_divide(int64_t a, int64_t b) {
  const bool inexact = truncating_modulo(a, b) != 0;
  return truncating_divide(a, b) - (inexact && (a < 0) != (b < 0) ? 1 : 0);
}
// What floor_divide leaves; it has the sign of `b`.
inline int64_t floor_modulo(int64_t a, int64_t b) {
  const int64_t rest = truncating_modulo(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

// Negative exponents give the integer part: 0 but for bases of 1 and -1.
inline int64_t integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0)
    return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  int64_t result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0)
      result = wrapping_multiply(result, base);
    base = wrapping_multiply(base, base);
  }
  return result;
}

} // namespace xnnir
