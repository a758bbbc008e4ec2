// Elements of tensors as C++ types, and between them.
#pragma once

#include <cstdint>
#include <cstring>

#include "xnnir/tensor.h"

namespace xnnir {

// IEEE 754 binary16. Conversions round to nearest, ties to even, and keep infinities and NaN.
struct Half {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

inline uint32_t float_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}
inline float bits_float(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

Half to_half(float value);
float from_half(Half value);

inline BFloat16 to_bfloat16(float value) {
  const uint32_t bits = float_bits(value);
  if (value != value)
    return {static_cast<uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}
inline float from_bfloat16(BFloat16 value) { return bits_float(static_cast<uint32_t>(value.bits) << 16); }

// Writes `value` as one element of `type` to `bytes`, converted as PyTorch's fill does.
void store_scalar(ScalarType type, double value, void *bytes);

// out[i] = in[i] for `count` elements, with C++'s conversions; to bool, everything but 0 is true. False when
// one of the types has no numbers to convert (quantised ones).
bool convert_elements(ScalarType from, const void *in, ScalarType to, void *out, size_t count);

} // namespace xnnir
