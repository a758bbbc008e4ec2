// Indexing by tensors, self[i, :, j]: which elements of `self` the elements of the result are.
#pragma once

#include "kernels/dense.h"
#include "kernels/strided_loop.h"

namespace xnnir {

// The result has the dimensions that the index tensors broadcast to (the points), and those of self that no
// tensor indexes (the block). The points stand where the first indexed dimension was when the indexed ones
// are neighbours, else in front, as in PyTorch.
class IndexedElements {
public:
  // Argument `index` lists a tensor or None for each dimension of `self`; None, and dimensions that the list
  // leaves out, stand for all of the dimension. Tensors are int64 or int32, or bool and uint8 masks, which
  // index as many dimensions as they have. kInvalidArgument for masks of other sizes, tensors that do not
  // broadcast and elements out of range.
  Status read(KernelContext &context, Arguments &arguments, size_t index, const Tensor &self);

  const Dims &result_sizes() const { return result_sizes_; }

  // Calls body(offset in self, offset in other) for each element that is the first of a row of row_size()
  // elements with steps of row_stride() in both. `other` has the result's sizes, and the given strides.
  // `threads` null has it done in logical order.
  template <typename Body>
  void for_each_row(pthreadpool *threads, const Dims &other_strides, const Body &body) const {
    const auto [point_strides, block_strides] = split(other_strides);
    const StridedLoop<2> points(point_sizes_, {contiguous_strides(point_sizes_), point_strides});
    const StridedLoop<2> block(block_sizes_, {block_strides_, block_strides});
    points.parallel_rows(threads, block_numel_, [&](const auto &start) {
      for (int64_t i = 0; i < points.row_size(); ++i) {
        const int64_t self_offset = offsets_.data()[start[0] + i * points.row_stride(0)];
        const int64_t other_offset = start[1] + i * points.row_stride(1);
        block.for_each_row([&](const auto &inner) {
          body(self_offset + inner[0], other_offset + inner[1], block.row_size(), block.row_stride(0),
               block.row_stride(1));
        });
      }
    });
  }

private:
  // The indices of one dimension of self.
  struct Index {
    size_t dim = 0;
    Dims sizes;
    Dims strides;
    // A tensor, or the places of a mask's elements that are true.
    const Tensor *tensor = nullptr;
    size_t mask = 0;
  };

  static Dims contiguous_strides(const Dims &sizes);
  Status read_mask(const Tensor &mask, const Tensor &self, size_t dim);
  Status find_sizes(const Tensor &self);
  Status find_offsets(KernelContext &context, const Tensor &self);
  std::pair<Dims, Dims> split(const Dims &result_strides) const;

  std::array<Index, kMaxTensorRank> indices_;
  size_t count_ = 0;
  // For each dimension that a mask indexes, by Index::mask.
  std::array<Scratch<int64_t>, kMaxTensorRank> mask_places_;

  Dims point_sizes_;
  // The offset in self of each point.
  Scratch<int64_t> offsets_;
  size_t offset_count_ = 0;
  // Of the dimensions without an index.
  Dims block_sizes_;
  Dims block_strides_;
  size_t block_numel_ = 1;
  // Where the points' dimensions stand among those of the result.
  size_t position_ = 0;
  Dims result_sizes_;
};

} // namespace xnnir
