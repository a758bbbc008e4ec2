#include "kernels/convert_blocks.h"

namespace xnnir {

namespace {

template <typename From, typename To> void load(const void *in, int64_t stride, size_t count, void *out) {
  const auto *bytes = static_cast<const uint8_t *>(in);
  auto *to = static_cast<To *>(out);
  if (stride == 0) {
    const To value = element_cast<To>(read_element<From>(bytes));
    for (size_t i = 0; i < count; ++i)
      to[i] = value;
    return;
  }
  if (stride == 1) {
    if constexpr (std::is_same_v<From, To> && !std::is_same_v<To, bool>)
      return static_cast<void>(std::memcpy(out, in, count * sizeof(To)));
    else if constexpr (std::is_same_v<From, Half> && std::is_same_v<To, float>)
      return half_to_float(in, count, to);
    else if constexpr (std::is_same_v<From, BFloat16> && std::is_same_v<To, float>)
      return bfloat16_to_float(in, count, to);
    for (size_t i = 0; i < count; ++i)
      to[i] = element_cast<To>(read_element<From>(bytes + i * sizeof(From)));
    return;
  }
  const int64_t step = stride * static_cast<int64_t>(sizeof(From));
  for (size_t i = 0; i < count; ++i)
    to[i] = element_cast<To>(read_element<From>(bytes + static_cast<int64_t>(i) * step));
}

template <typename From, typename To> void store(const void *in, size_t count, void *out) {
  const auto *from = static_cast<const From *>(in);
  auto *bytes = static_cast<uint8_t *>(out);
  if constexpr (std::is_same_v<From, To>)
    return static_cast<void>(std::memcpy(out, in, count * sizeof(To)));
  else if constexpr (std::is_same_v<From, float> && std::is_same_v<To, Half>)
    return float_to_half(from, count, out);
  else if constexpr (std::is_same_v<From, float> && std::is_same_v<To, BFloat16>)
    return float_to_bfloat16(from, count, out);
  for (size_t i = 0; i < count; ++i)
    write_element(element_cast<To>(from[i]), bytes + i * sizeof(To));
}

} // namespace

LoadFunction load_function(ScalarType from, BlockType to) {
  LoadFunction function = nullptr;
  // A dtype outside of the list leaves null, which says it all.
  static_cast<void>(dtype_switch(AllTypes{}, from, "a tensor", [&](auto tag) {
    using From = typename decltype(tag)::type;
    switch (to) {
    case BlockType::kBool:
      function = load<From, bool>;
      break;
    case BlockType::kInt64:
      function = load<From, int64_t>;
      break;
    case BlockType::kFloat:
      function = load<From, float>;
      break;
    case BlockType::kDouble:
      function = load<From, double>;
      break;
    }
  }));
  return function;
}

StoreFunction store_function(BlockType from, ScalarType to) {
  StoreFunction function = nullptr;
  static_cast<void>(dtype_switch(AllTypes{}, to, "out", [&](auto tag) {
    using To = typename decltype(tag)::type;
    switch (from) {
    case BlockType::kBool:
      function = store<bool, To>;
      break;
    case BlockType::kInt64:
      function = store<int64_t, To>;
      break;
    case BlockType::kFloat:
      function = store<float, To>;
      break;
    case BlockType::kDouble:
      function = store<double, To>;
      break;
    }
  }));
  return function;
}

bool cast_rounds(ScalarType from, ScalarType to) {
  if (from == to || from == ScalarType::kBool)
    return false;
  switch (to) {
  case ScalarType::kHalf:
  case ScalarType::kBFloat16:
    // Both have 8 bits and more.
    return from != ScalarType::kByte && from != ScalarType::kChar;
  case ScalarType::kByte:
  case ScalarType::kChar:
  case ScalarType::kShort:
  case ScalarType::kInt:
  case ScalarType::kUInt16:
  case ScalarType::kUInt32:
    return true;
  default:
    return false;
  }
}

} // namespace xnnir
