// Reductions of a contiguous array over some of its dimensions.
//
// A reduction is described by a type Op:
//   Lane   what one of several interleaved partial results is kept in; Total what they are folded into
//   Lane start(size_t out) const
//   void step(Lane &, T value, int64_t index, size_t out) const   `index` counts the elements of one output
//   Total total() const                                           the total of no lanes
//   void fold(Total &, const Lane &) const
//   void finish(size_t out, const Total &) const                  stores output `out`
// Lanes let the compiler use vector instructions, and keep rounding errors small as pairwise summation does.
#pragma once

#include "kernels/dense.h"
#include "kernels/parallel.h"

namespace xnnir {

// A set of dimensions, a bit for each.
using DimMask = uint32_t;

// Of dimensions, negative ones counted from the end; none of them, or None, are all. kInvalidArgument for one
// out of range or given twice.
Result<DimMask> dim_mask(const std::optional<Dims> &dims, size_t rank, const char *name);
DimMask all_dims(size_t rank);

// The sizes of a result: reduced dimensions are 1, or go.
Dims reduced_sizes(const Tensor &self, DimMask reduced, bool keepdim);

// The loops of a reduction, from outermost to innermost, with neighbours merged and sizes of 1 left out.
struct ReductionPlan {
  struct Loop {
    size_t size;
    size_t stride;
  };
  struct Loops {
    Loop items[kMaxTensorRank];
    size_t depth = 0;
    size_t count = 1;

    void prepend(Loop loop);
    // Where the element of a flat index lies; without the innermost `skipped` loops.
    size_t offset(size_t index, size_t skipped) const;
  };
  Loops kept;
  Loops reduced;
};

ReductionPlan plan_reduction(const Tensor &self, DimMask reduced);

namespace reduction {

constexpr size_t kLanes = 16;
// Columns that are reduced side by side.
constexpr size_t kColumns = 64;
// Steps until lanes are folded.
constexpr size_t kMaxSteps = 512;

template <typename T, typename Op>
void run(const Op &op, const T *in, size_t length, int64_t index, size_t out, typename Op::Total &total) {
  typename Op::Lane lanes[kLanes];
  while (length >= kLanes) {
    const size_t steps = std::min(length / kLanes, kMaxSteps);
    for (size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] = op.start(out);
    for (size_t step = 0; step < steps; ++step, in += kLanes, index += kLanes)
      for (size_t lane = 0; lane < kLanes; ++lane)
        op.step(lanes[lane], in[lane], index + static_cast<int64_t>(lane), out);
    for (size_t lane = 0; lane < kLanes; ++lane)
      op.fold(total, lanes[lane]);
    length -= steps * kLanes;
  }
  if (length == 0)
    return;
  lanes[0] = op.start(out);
  for (size_t i = 0; i < length; ++i)
    op.step(lanes[0], in[i], index + static_cast<int64_t>(i), out);
  op.fold(total, lanes[0]);
}

// Outputs whose innermost reduced loop is dense.
template <typename T, typename Op>
void rows(const ReductionPlan &plan, const Op &op, const T *in, size_t start, size_t count) {
  const size_t length = plan.reduced.items[plan.reduced.depth - 1].size;
  const size_t runs = plan.reduced.count / length;
  for (size_t out = start; out < start + count; ++out) {
    const T *row = in + plan.kept.offset(out, 0);
    typename Op::Total total = op.total();
    for (size_t i = 0; i < runs; ++i)
      run(op, row + plan.reduced.offset(i, 1), length, static_cast<int64_t>(i * length), out, total);
    op.finish(out, total);
  }
}

// At most kColumns neighbouring outputs of the dense innermost kept loop.
template <typename T, typename Op>
void columns(const ReductionPlan &plan, const Op &op, const T *in, size_t out, size_t width) {
  typename Op::Lane lanes[kColumns];
  typename Op::Total totals[kColumns];
  for (size_t i = 0; i < width; ++i)
    totals[i] = op.total();
  const size_t depth = plan.reduced.depth;
  const ReductionPlan::Loop inner = depth == 0 ? ReductionPlan::Loop{1, 0} : plan.reduced.items[depth - 1];
  const size_t runs = plan.reduced.count / inner.size;
  for (size_t outer = 0; outer < runs; ++outer) {
    const T *column = in + plan.reduced.offset(outer, 1);
    for (size_t begin = 0; begin < inner.size; begin += kMaxSteps) {
      const size_t end = std::min(begin + kMaxSteps, inner.size);
      for (size_t i = 0; i < width; ++i)
        lanes[i] = op.start(out + i);
      for (size_t step = begin; step < end; ++step) {
        const T *elements = column + step * inner.stride;
        const int64_t index = static_cast<int64_t>(outer * inner.size + step);
        for (size_t i = 0; i < width; ++i)
          op.step(lanes[i], elements[i], index, out + i);
      }
      for (size_t i = 0; i < width; ++i)
        op.fold(totals[i], lanes[i]);
    }
  }
  for (size_t i = 0; i < width; ++i)
    op.finish(out + i, totals[i]);
}

} // namespace reduction

// Reduces `in`, which lies as the plan's tensor does when contiguous, on the pool's threads.
template <typename T, typename Op>
void reduce(KernelContext &context, const ReductionPlan &plan, const T *in, const Op &op) {
  const size_t outputs = plan.kept.count;
  if (plan.reduced.count == 0) {
    for (size_t out = 0; out < outputs; ++out)
      op.finish(out, op.total());
    return;
  }
  if (outputs == 0)
    return;
  const size_t depth = plan.reduced.depth;
  if (depth > 0 && plan.reduced.items[depth - 1].stride == 1) {
    parallel_for(context.threads(), outputs, plan.reduced.count,
                 [&](size_t start, size_t count) { reduction::rows(plan, op, in, start, count); });
    return;
  }
  const size_t width = plan.kept.depth == 0 ? 1 : plan.kept.items[plan.kept.depth - 1].size;
  const size_t blocks = (width + reduction::kColumns - 1) / reduction::kColumns;
  parallel_for(context.threads(), outputs / width * blocks, plan.reduced.count * reduction::kColumns,
               [&](size_t start, size_t count) {
                 for (size_t i = start; i < start + count; ++i) {
                   const size_t out = i / blocks * width + i % blocks * reduction::kColumns;
                   const size_t columns =
                       std::min(width - i % blocks * reduction::kColumns, reduction::kColumns);
                   reduction::columns(plan, op, in + plan.kept.offset(out, 0), out, columns);
                 }
               });
}

} // namespace xnnir
