// A number among the arguments of a call: PyTorch's Scalar.
#pragma once

#include <variant>

#include "kernels/elements.h"

namespace xnnir {

// int64, double or bool, kept as it is: large integers lose nothing.
class Scalar {
public:
  Scalar() : value_(int64_t{0}) {}
  explicit Scalar(int64_t value) : value_(value) {}
  explicit Scalar(double value) : value_(value) {}
  explicit Scalar(bool value) : value_(value) {}

  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_floating() const { return std::holds_alternative<double>(value_); }
  // kLong, kDouble or kBool.
  ScalarType dtype() const {
    return is_bool() ? ScalarType::kBool : is_floating() ? ScalarType::kDouble : ScalarType::kLong;
  }
  // Converted as tensors' elements are: integers wrap, floats are cut off, Half and BFloat16 round.
  template <typename T> T to() const {
    return std::visit([](auto value) { return element_cast<T>(value); }, value_);
  }

private:
  std::variant<int64_t, double, bool> value_;
};

// A Scalar converted beforehand, for loops that compute in int64, float or double.
class LoopScalar {
public:
  explicit LoopScalar(const Scalar &scalar) : integer_(scalar.to<int64_t>()), real_(scalar.to<double>()) {}
  template <typename T> T to() const {
    if constexpr (std::is_same_v<T, int64_t>)
      return integer_;
    else
      return static_cast<T>(real_);
  }

private:
  int64_t integer_;
  double real_;
};

} // namespace xnnir
