// Which dtype a result has: PyTorch's type promotion.
#pragma once

#include <initializer_list>
#include <optional>

#include "kernels/scalar.h"
#include "xnnir/status.h"

namespace xnnir {

bool is_floating(ScalarType type);
// Integers, without bool.
bool is_integral(ScalarType type);
// Whether PyTorch lets an out tensor of dtype `to` take results of dtype `from`: not floats to integers, nor
// numbers to bool.
bool can_cast(ScalarType from, ScalarType to);

// torch.promote_types. kNotSupported for uint16, uint32 and uint64 with another integer, as in PyTorch.
Result<ScalarType> promote_types(ScalarType a, ScalarType b);

// torch.result_type: tensors with dimensions decide before those without, these before numbers, unless the
// later ones are of a higher category (bool, integer, float).
class ResultType {
public:
  ResultType &add(const Tensor &tensor);
  ResultType &add(const Scalar &scalar);
  // kNotSupported as promote_types.
  Result<ScalarType> type() const;

private:
  void promote(std::optional<ScalarType> &category, ScalarType type);

  std::optional<ScalarType> dimensioned_;
  std::optional<ScalarType> rank_0_;
  std::optional<ScalarType> number_;
  Status status_;
};

// The number as an element of `type` has it: wrapped, cut off or rounded.
Scalar cast_scalar(const Scalar &scalar, ScalarType type);

// For operators that give floats for integers (sqrt, division): `type` if it is one, else float32.
ScalarType to_floating(ScalarType type);

} // namespace xnnir
