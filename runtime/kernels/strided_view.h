// Parts of a tensor that strides describe: what slicing, selecting and diagonals come to.
#pragma once

#include "kernels/strided_copy.h"

namespace xnnir {

// Begins at element `offset` of the tensor's memory. The offset of a view without elements means nothing.
struct StridedView {
  int64_t offset = 0;
  Dims sizes;
  Dims strides;
};

// self[..., start:end:step, ...]: as in Python, bounds below 0 count from the end, and bounds outside are
// moved to the nearest end. kInvalidArgument for scalars and steps below 1.
Result<StridedView> slice_view(const Tensor &self, size_t dim, std::optional<int64_t> start,
                               std::optional<int64_t> end, int64_t step);
// self[..., index, ...]; the dimension is gone. kInvalidArgument for scalars and an index out of range.
Result<StridedView> select_view(const Tensor &self, size_t dim, int64_t index);
// Elements with index i in dim1 and i + offset in dim2; i is the last dimension, and those two are gone.
// kInvalidArgument when the dimensions are the same.
Result<StridedView> diagonal_view(const Tensor &self, int64_t offset, size_t dim1, size_t dim2);

// Gives `out` the sizes of the view of `self`, and its elements.
Status copy_from_view(KernelContext &context, const Tensor &self, const Result<StridedView> &view,
                      Tensor &out);
// Copies `src` to the view of `out`, whose sizes it must have.
Status copy_to_view(KernelContext &context, const Tensor &src, const Result<StridedView> &view, Tensor &out);

} // namespace xnnir
