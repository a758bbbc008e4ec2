// Elements of tensors as C++ types, and between them.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

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

// The number that arithmetic works on: float for the 16-bit floats.
template <typename T> auto widen(T value) {
  if constexpr (std::is_same_v<T, Half>)
    return from_half(value);
  else if constexpr (std::is_same_v<T, BFloat16>)
    return from_bfloat16(value);
  else
    return value;
}

// As PyTorch casts: integers wrap, floats lose their fraction or round to nearest; to bool, everything but 0
// is true.
template <typename To, typename From> To element_cast(From from) {
  const auto value = widen(from);
  using Wide = std::remove_const_t<decltype(value)>;
  if constexpr (std::is_same_v<To, bool>) {
    return value != Wide{};
  } else if constexpr (std::is_same_v<To, From>) {
    return from;
  } else if constexpr (std::is_same_v<To, Half>) {
    return to_half(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    return to_bfloat16(static_cast<float>(value));
  } else if constexpr (std::is_floating_point_v<Wide> && std::is_integral_v<To>) {
    // Out of range is undefined in C++; go by way of int64, saturated, as the hardware of PyTorch's platforms
    // wraps.
    constexpr double kLimit = 0x1p63;
    const double wide = static_cast<double>(value);
    if (!(wide >= -kLimit && wide < kLimit))
      return static_cast<To>(std::numeric_limits<int64_t>::min());
    return static_cast<To>(static_cast<int64_t>(wide));
  } else {
    return static_cast<To>(value);
  }
}

// A bool in memory may be any byte; a C++ bool may not. Memory may lie at any address.
template <typename T> T read_element(const void *bytes) {
  if constexpr (std::is_same_v<T, bool>) {
    return *static_cast<const uint8_t *>(bytes) != 0;
  } else {
    T value;
    std::memcpy(&value, bytes, sizeof(value));
    return value;
  }
}
template <typename T> void write_element(T value, void *bytes) { std::memcpy(bytes, &value, sizeof(value)); }

// Writes `value` as one element of `type` to `bytes`, converted as PyTorch's fill does.
void store_scalar(ScalarType type, double value, void *bytes);

// out[i] = in[i] for `count` elements, with C++'s conversions; to bool, everything but 0 is true. False when
// one of the types has no numbers to convert (quantised ones).
bool convert_elements(ScalarType from, const void *in, ScalarType to, void *out, size_t count);

} // namespace xnnir
