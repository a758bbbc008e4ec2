#include "kernels/elements.h"

namespace xnnir {

Half to_half(float value) {
  const uint32_t bits = float_bits(value);
  const uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return {static_cast<uint16_t>(sign | 0x7e00)};
  // 65520 and more round to infinity.
  if (magnitude >= 0x477ff000)
    return {static_cast<uint16_t>(sign | 0x7c00)};
  // Below the smallest normal number, 2^-14, an addition of 0.5 leaves the rounded fraction in the lowest
  // bits.
  if (magnitude < 0x38800000) {
    const float shifted = bits_float(magnitude) + 0.5f;
    return {static_cast<uint16_t>(sign | (float_bits(shifted) - float_bits(0.5f)))};
  }
  const uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
  return {static_cast<uint16_t>(sign | ((rounded >> 13) - (112u << 10)))};
}

float from_half(Half value) {
  const uint32_t sign = static_cast<uint32_t>(value.bits & 0x8000) << 16;
  const uint32_t exponent = value.bits >> 10 & 0x1f;
  const uint32_t fraction = value.bits & 0x3ff;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  if (exponent == 0x1f)
    return bits_float(sign | 0x7f800000 | fraction << 13);
  return bits_float(sign | (exponent + 112) << 23 | fraction << 13);
}

namespace {

// Calls `visit` with a value of the C++ type; false when there is none.
template <typename Visit> bool with_type(ScalarType type, Visit visit) {
  switch (type) {
  case ScalarType::kByte:
    visit(uint8_t{});
    return true;
  case ScalarType::kChar:
    visit(int8_t{});
    return true;
  case ScalarType::kShort:
    visit(int16_t{});
    return true;
  case ScalarType::kInt:
    visit(int32_t{});
    return true;
  case ScalarType::kLong:
    visit(int64_t{});
    return true;
  case ScalarType::kHalf:
    visit(Half{});
    return true;
  case ScalarType::kFloat:
    visit(float{});
    return true;
  case ScalarType::kDouble:
    visit(double{});
    return true;
  case ScalarType::kBool:
    visit(bool{});
    return true;
  case ScalarType::kBFloat16:
    visit(BFloat16{});
    return true;
  case ScalarType::kUInt16:
    visit(uint16_t{});
    return true;
  case ScalarType::kUInt32:
    visit(uint32_t{});
    return true;
  case ScalarType::kUInt64:
    visit(uint64_t{});
    return true;
  default:
    return false;
  }
}

} // namespace

void store_scalar(ScalarType type, double value, void *bytes) {
  const bool known = with_type(type, [&](auto element) {
    element = element_cast<decltype(element)>(value);
    std::memcpy(bytes, &element, sizeof(element));
  });
  // Quantised elements: the number is the code.
  if (!known && element_size(type) == 1) {
    const int8_t code = element_cast<int8_t>(value);
    std::memcpy(bytes, &code, 1);
  } else if (!known) {
    const int32_t code = element_cast<int32_t>(value);
    std::memcpy(bytes, &code, element_size(type));
  }
}

bool convert_elements(ScalarType from, const void *in, ScalarType to, void *out, size_t count) {
  bool done = false;
  with_type(from, [&](auto from_element) {
    using From = decltype(from_element);
    done = with_type(to, [&](auto to_element) {
      using To = decltype(to_element);
      const auto *source = static_cast<const uint8_t *>(in);
      auto *target = static_cast<uint8_t *>(out);
      for (size_t i = 0; i < count; ++i) {
        const To element = element_cast<To>(read_element<From>(source + i * sizeof(From)));
        std::memcpy(target + i * sizeof(To), &element, sizeof(To));
      }
    });
  });
  return done;
}

} // namespace xnnir
