// How elements that are put into the same place become one.
#pragma once

#include "kernels/elements.h"

namespace xnnir {

enum class Reduction : uint8_t { kReplace, kSum, kProduct, kMean, kMaximum, kMinimum };

// Integers wrap, 16-bit floats are rounded each time, bools are true and false as 1 and 0 that do not go
// beyond 1; NaN wins: all as PyTorch does. kMean adds; its division is the caller's.
template <typename T> T combine(Reduction reduction, T old_element, T new_element) {
  if constexpr (std::is_same_v<T, bool>) {
    switch (reduction) {
    case Reduction::kReplace:
      return new_element;
    case Reduction::kProduct:
    case Reduction::kMinimum:
      return old_element && new_element;
    default:
      return old_element || new_element;
    }
  } else {
    const auto a = widen(old_element);
    const auto b = widen(new_element);
    switch (reduction) {
    case Reduction::kReplace:
      return new_element;
    case Reduction::kMaximum:
      return a > b || a != a ? old_element : new_element;
    case Reduction::kMinimum:
      return a < b || a != a ? old_element : new_element;
    default:
      break;
    }
    const bool multiply = reduction == Reduction::kProduct;
    if constexpr (std::is_integral_v<T>) {
      const auto x = static_cast<uint64_t>(a);
      const auto y = static_cast<uint64_t>(b);
      return static_cast<T>(multiply ? x * y : x + y);
    } else {
      return element_cast<T>(multiply ? a * b : a + b);
    }
  }
}

// What an element has to be before the first is combined with it, so that it leaves no trace.
template <typename T> T neutral_element(Reduction reduction) {
  using Wide = decltype(widen(T{}));
  using Limits = std::numeric_limits<Wide>;
  switch (reduction) {
  case Reduction::kProduct:
    return element_cast<T>(Wide{1});
  case Reduction::kMaximum:
    return element_cast<T>(Limits::has_infinity ? static_cast<Wide>(-Limits::infinity()) : Limits::lowest());
  case Reduction::kMinimum:
    return element_cast<T>(Limits::has_infinity ? Limits::infinity() : Limits::max());
  default:
    return element_cast<T>(Wide{0});
  }
}

} // namespace xnnir
