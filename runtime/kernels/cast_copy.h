// Copies of elements from any dtype to any other.
#pragma once

#include "kernels/elementwise.h"

namespace xnnir {

// Resizes `out` to the sizes of `self` and copies, element by element, as Tensor.to does. kNotSupported for
// quantised dtypes that differ.
Status cast_copy(KernelContext &context, const ElementwiseInput &self, Tensor &out);

// `source` repeated to `sizes`, as a broadcast assignment reads it. kInvalidArgument where it does not
// broadcast.
Result<ElementwiseInput> expand_input(const Tensor &source, const Dims &sizes);

// Every element of `out` becomes `value`.
void fill_elements(Tensor &out, const Scalar &value);

} // namespace xnnir
