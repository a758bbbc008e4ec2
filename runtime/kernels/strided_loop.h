// Loops over elements that several tensors have at the same logical index, for kernels whose work is more
// than copying (strided_copy.h) and depends on where an element stands.
#pragma once

#include <array>
#include <cstring>
#include <type_traits>

#include "kernels/parallel.h"
#include "kernels/strided_copy.h"

namespace xnnir {

// Nested loops over `sizes`; strides are in elements, one Dims for each of kOperands tensors.
template <size_t kOperands> class StridedLoop {
public:
  using Offsets = std::array<int64_t, kOperands>;

  // Dimensions that one index can do for in all operands are merged. The innermost one, the row, is left to
  // the body.
  StridedLoop(const Dims &sizes, const std::array<Dims, kOperands> &strides) {
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (sizes[i] == 1)
        continue;
      Loop loop = {sizes[i], {}};
      for (size_t k = 0; k < kOperands; ++k)
        loop.strides[k] = strides[k][i];
      if (depth_ > 0 && mergeable(loops_[depth_ - 1], loop))
        loop.size *= loops_[--depth_].size;
      loops_[depth_++] = loop;
    }
    if (depth_ == 0)
      loops_[depth_++] = {1, {}};
    for (size_t i = 0; i + 1 < depth_; ++i)
      rows_ *= static_cast<size_t>(loops_[i].size);
  }

  // Elements of a row, and the steps between them.
  int64_t row_size() const { return loops_[depth_ - 1].size; }
  int64_t row_stride(size_t operand) const { return loops_[depth_ - 1].strides[operand]; }

  // Calls body(offsets) with the offset of each operand's first element, for each row in logical order.
  template <typename Body> void for_each_row(const Body &body) const { rows(0, rows_, body); }
  // The same, rows divided among the threads. `cost` is that of an element, as in parallel_for.
  template <typename Body> void parallel_rows(pthreadpool *threads, size_t cost, const Body &body) const {
    parallel_for(threads, rows_, cost * static_cast<size_t>(std::max<int64_t>(row_size(), 1)),
                 [&](size_t start, size_t count) { rows(start, count, body); });
  }

private:
  struct Loop {
    int64_t size;
    std::array<int64_t, kOperands> strides;
  };

  static bool mergeable(const Loop &outer, const Loop &inner) {
    for (size_t k = 0; k < kOperands; ++k)
      if (outer.strides[k] != inner.size * inner.strides[k])
        return false;
    return true;
  }

  template <typename Body> void rows(size_t start, size_t count, const Body &body) const {
    if (row_size() == 0 || count == 0)
      return;
    std::array<int64_t, kMaxTensorRank> index = {};
    Offsets offsets = {};
    size_t left = start;
    for (size_t i = depth_ - 1; i-- > 0;) {
      index[i] = static_cast<int64_t>(left % static_cast<size_t>(loops_[i].size));
      left /= static_cast<size_t>(loops_[i].size);
      for (size_t k = 0; k < kOperands; ++k)
        offsets[k] += index[i] * loops_[i].strides[k];
    }
    for (size_t row = 0; row < count; ++row) {
      body(static_cast<const Offsets &>(offsets));
      for (size_t i = depth_ - 1; i-- > 0;) {
        const bool wraps = ++index[i] == loops_[i].size;
        const int64_t steps = wraps ? 1 - loops_[i].size : 1;
        for (size_t k = 0; k < kOperands; ++k)
          offsets[k] += steps * loops_[i].strides[k];
        if (!wraps)
          break;
        index[i] = 0;
      }
    }
  }

  std::array<Loop, kMaxTensorRank> loops_ = {};
  size_t depth_ = 0;
  size_t rows_ = 1;
};

// Calls visit with std::integral_constant of the size of an element, which is 1, 2, 4 or 8.
template <typename Visit> void with_element_bytes(size_t bytes, const Visit &visit) {
  switch (bytes) {
  case 1:
    return visit(std::integral_constant<size_t, 1>{});
  case 2:
    return visit(std::integral_constant<size_t, 2>{});
  case 4:
    return visit(std::integral_constant<size_t, 4>{});
  default:
    return visit(std::integral_constant<size_t, 8>{});
  }
}

// `count` elements, with steps in elements.
template <size_t kBytes>
void copy_row(const uint8_t *in, int64_t in_stride, uint8_t *out, int64_t out_stride, int64_t count) {
  constexpr int64_t kStep = static_cast<int64_t>(kBytes);
  if (in_stride == 1 && out_stride == 1) {
    std::memmove(out, in, static_cast<size_t>(count) * kBytes);
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(out + i * out_stride * kStep, in + i * in_stride * kStep, kBytes);
}

// A scalar as a tensor of one dimension, as PyTorch's indexing has it.
inline Dims at_least_one(Dims dims) {
  if (dims.size() == 0)
    dims.append(1);
  return dims;
}

// Strides with which the dimensions of a tensor of `sizes` broadcast to `rank` dimensions.
inline Dims broadcast_strides(const Dims &sizes, const Dims &strides, size_t rank) {
  Dims result;
  const size_t added = rank - sizes.size();
  for (size_t i = 0; i < rank; ++i)
    result.append(i < added || sizes[i - added] == 1 ? 0 : strides[i - added]);
  return result;
}

} // namespace xnnir
