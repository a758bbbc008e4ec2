// Code for each of a set of dtypes, from one template:
//
//   XNNIR_RETURN_IF_ERROR(dtype_switch(RealTypes{}, self->dtype(), "self", [&](auto tag) {
//     using T = typename decltype(tag)::type;
//     ...
//   }));
#pragma once

#include <string>
#include <type_traits>

#include "kernels/elements.h"

namespace xnnir {

template <typename T> struct TypeTag {
  using type = T;
};
template <typename... Ts> struct TypeList {};

template <typename T> constexpr ScalarType scalar_type_of() {
  if constexpr (std::is_same_v<T, uint8_t>)
    return ScalarType::kByte;
  else if constexpr (std::is_same_v<T, int8_t>)
    return ScalarType::kChar;
  else if constexpr (std::is_same_v<T, int16_t>)
    return ScalarType::kShort;
  else if constexpr (std::is_same_v<T, int32_t>)
    return ScalarType::kInt;
  else if constexpr (std::is_same_v<T, int64_t>)
    return ScalarType::kLong;
  else if constexpr (std::is_same_v<T, Half>)
    return ScalarType::kHalf;
  else if constexpr (std::is_same_v<T, float>)
    return ScalarType::kFloat;
  else if constexpr (std::is_same_v<T, double>)
    return ScalarType::kDouble;
  else if constexpr (std::is_same_v<T, bool>)
    return ScalarType::kBool;
  else if constexpr (std::is_same_v<T, BFloat16>)
    return ScalarType::kBFloat16;
  else if constexpr (std::is_same_v<T, uint16_t>)
    return ScalarType::kUInt16;
  else if constexpr (std::is_same_v<T, uint32_t>)
    return ScalarType::kUInt32;
  else {
    static_assert(std::is_same_v<T, uint64_t>, "no dtype has this element type");
    return ScalarType::kUInt64;
  }
}

using IntegralTypes = TypeList<uint8_t, int8_t, int16_t, int32_t, int64_t>;
using UnsignedTypes = TypeList<uint16_t, uint32_t, uint64_t>;
using IndexTypes = TypeList<int32_t, int64_t>;
using FloatTypes = TypeList<float, double>;
using FloatingTypes = TypeList<float, double, Half, BFloat16>;
using RealTypes = TypeList<uint8_t, int8_t, int16_t, int32_t, int64_t, float, double, Half, BFloat16>;
using RealAndBoolTypes =
    TypeList<uint8_t, int8_t, int16_t, int32_t, int64_t, float, double, Half, BFloat16, bool>;
using AllTypes = TypeList<uint8_t, int8_t, int16_t, int32_t, int64_t, float, double, Half, BFloat16, bool,
                          uint16_t, uint32_t, uint64_t>;

// Calls `visit` with the tag of the element type. kInvalidType, naming the argument and what it could be,
// when `type` is none of the list; else what `visit` returns, if that is a Status.
template <typename... Ts, typename Visit>
Status dtype_switch(TypeList<Ts...>, ScalarType type, const char *name, Visit visit) {
  Status status;
  const auto call = [&](auto tag) {
    if constexpr (std::is_same_v<decltype(visit(tag)), Status>)
      status = visit(tag);
    else
      visit(tag);
    return true;
  };
  const bool known = ((type == scalar_type_of<Ts>() && call(TypeTag<Ts>{})) || ...);
  if (known)
    return status;
  std::string expected;
  ((expected += (expected.empty() ? "" : ", ") + std::string(to_string(scalar_type_of<Ts>()))), ...);
  return make_status(StatusCode::kInvalidType, "%s has dtype %s, expected one of %s", name, to_string(type),
                     expected.c_str());
}

} // namespace xnnir
