#include "kernels/promotion.h"

#include "kernels/dtype_switch.h"

namespace xnnir {

namespace {

bool is_wide_unsigned(ScalarType type) {
  return type == ScalarType::kUInt16 || type == ScalarType::kUInt32 || type == ScalarType::kUInt64;
}

// Integers in the order in which the larger one wins.
int width_of(ScalarType type) { return static_cast<int>(element_size(type)); }

// The first is of dimensions that count more, unless the second is of a higher category.
Result<std::optional<ScalarType>> combine(std::optional<ScalarType> first, std::optional<ScalarType> second) {
  if (!first || !second)
    return first ? first : second;
  if (is_floating(*first))
    return first;
  if (*first == ScalarType::kBool || is_floating(*second)) {
    Result<ScalarType> type = promote_types(*first, *second);
    if (!type.ok())
      return type.status();
    return std::optional<ScalarType>(*type);
  }
  return first;
}

} // namespace

bool is_floating(ScalarType type) {
  return type == ScalarType::kHalf || type == ScalarType::kFloat || type == ScalarType::kDouble ||
         type == ScalarType::kBFloat16;
}

bool is_integral(ScalarType type) {
  switch (type) {
  case ScalarType::kByte:
  case ScalarType::kChar:
  case ScalarType::kShort:
  case ScalarType::kInt:
  case ScalarType::kLong:
    return true;
  default:
    return is_wide_unsigned(type);
  }
}

bool can_cast(ScalarType from, ScalarType to) {
  if (is_floating(from) && !is_floating(to))
    return false;
  return to != ScalarType::kBool || from == ScalarType::kBool;
}

Result<ScalarType> promote_types(ScalarType a, ScalarType b) {
  if (a == b)
    return a;
  if (is_floating(a) && is_floating(b)) {
    if (a == ScalarType::kDouble || b == ScalarType::kDouble)
      return ScalarType::kDouble;
    // Neither of the 16-bit floats holds the other.
    return ScalarType::kFloat;
  }
  if (is_floating(a) || is_floating(b))
    return is_floating(a) ? a : b;
  if (is_wide_unsigned(a) || is_wide_unsigned(b))
    return make_status(StatusCode::kNotSupported, "%s and %s have no common dtype in PyTorch", to_string(a),
                       to_string(b));
  if (a == ScalarType::kBool || b == ScalarType::kBool)
    return a == ScalarType::kBool ? b : a;
  // uint8 and int8 fit in int16; else the wider one has room for both.
  if (width_of(a) == 1 && width_of(b) == 1)
    return ScalarType::kShort;
  return width_of(a) > width_of(b) ? a : b;
}

void ResultType::promote(std::optional<ScalarType> &category, ScalarType type) {
  if (!category) {
    category = type;
    return;
  }
  Result<ScalarType> promoted = promote_types(*category, type);
  if (promoted.ok())
    category = *promoted;
  else if (status_.ok())
    status_ = promoted.status();
}

ResultType &ResultType::add(const Tensor &tensor) {
  promote(tensor.rank() > 0 ? dimensioned_ : rank_0_, tensor.dtype());
  return *this;
}

ResultType &ResultType::add(const Scalar &scalar) {
  // A Python float is of the default dtype.
  promote(number_, scalar.is_floating() ? ScalarType::kFloat : scalar.dtype());
  return *this;
}

Result<ScalarType> ResultType::type() const {
  if (!status_.ok())
    return status_;
  Result<std::optional<ScalarType>> lower = combine(rank_0_, number_);
  if (!lower.ok())
    return lower.status();
  Result<std::optional<ScalarType>> type = combine(dimensioned_, *lower);
  if (!type.ok())
    return type.status();
  return (*type).value_or(ScalarType::kFloat);
}

Scalar cast_scalar(const Scalar &scalar, ScalarType type) {
  Scalar cast = scalar;
  // Quantised dtypes have no numbers, and no kernel that would ask.
  static_cast<void>(dtype_switch(AllTypes{}, type, "a number", [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto value = widen(scalar.to<T>());
    if constexpr (std::is_same_v<T, bool>)
      cast = Scalar(value);
    else if constexpr (std::is_integral_v<T>)
      cast = Scalar(static_cast<int64_t>(value));
    else
      cast = Scalar(static_cast<double>(value));
  }));
  return cast;
}

ScalarType to_floating(ScalarType type) { return is_floating(type) ? type : ScalarType::kFloat; }

} // namespace xnnir
