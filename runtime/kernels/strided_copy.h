// Moves elements between two layouts: what all data-movement kernels come down to.
#pragma once

#include "kernels/arguments.h"

struct pthreadpool;

namespace xnnir {

// Element strides by logical dimension, of a tensor dense in its dim_order.
Dims strides_of(const Tensor &tensor);

// Sizes as a tensor has them.
Dims sizes_of(const Tensor &tensor);

// out[i] = in[i] for every index i below `sizes`, where an index is located by the strides (in elements; 0
// repeats). Large copies run on the pool's threads. `in` and `out` may not overlap unless they are laid out
// alike.
void strided_copy(pthreadpool *threads, size_t element_bytes, const Dims &sizes, const void *in,
                  const Dims &in_strides, void *out, const Dims &out_strides);

} // namespace xnnir
