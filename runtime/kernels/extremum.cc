// Smallest and largest elements and where they stand: aten::amax, amin, aminmax, max, min, argmax and argmin.
// NaN counts as both the smallest and the largest, and of equals the first is taken, as in PyTorch.
#include <limits>

#include "kernels/reduction.h"

namespace xnnir {

namespace {

template <typename T, bool kLargest> constexpr T worst() {
  using Limits = std::numeric_limits<T>;
  if constexpr (Limits::has_infinity)
    return kLargest ? -Limits::infinity() : Limits::infinity();
  else
    return kLargest ? Limits::lowest() : Limits::max();
}

template <typename T, bool kLargest> bool is_better(T value, T than) {
  return kLargest ? value > than : value < than;
}

template <typename T, bool kLargest> struct Extremum {
  using Lane = T;
  using Total = T;
  T *out;

  Lane start(size_t) const { return worst<T, kLargest>(); }
  void step(Lane &lane, T value, int64_t, size_t) const {
    lane = is_better<T, kLargest>(value, lane) || value != value ? value : lane;
  }
  Total total() const { return worst<T, kLargest>(); }
  void fold(Total &total, Lane lane) const { step(total, lane, 0, 0); }
  void finish(size_t i, Total total) const { out[i] = total; }
};

template <typename T> struct Candidate {
  T value;
  int64_t index;
};

template <typename T, bool kLargest> struct ArgExtremum {
  using Lane = Candidate<T>;
  using Total = Candidate<T>;
  // Null when not asked for.
  T *values;
  int64_t *indices;

  Lane start(size_t) const { return {worst<T, kLargest>(), -1}; }
  void step(Lane &lane, T value, int64_t index, size_t) const {
    const bool takes =
        is_better<T, kLargest>(value, lane.value) || (value != value && lane.value == lane.value);
    // The first is taken even if it is no better than the start.
    lane = takes || lane.index < 0 ? Lane{value, index} : lane;
  }
  Total total() const { return start(0); }
  void fold(Total &total, const Lane &lane) const {
    const bool equal = lane.value == total.value || (lane.value != lane.value && total.value != total.value);
    if (equal && total.index >= 0)
      total.index = std::min(total.index, lane.index);
    else
      step(total, lane.value, lane.index, 0);
  }
  void finish(size_t i, const Total &total) const {
    if (values != nullptr)
      values[i] = total.value;
    indices[i] = total.index;
  }
};

// There is no extremum of none.
Status expect_elements(const ReductionPlan &plan) {
  if (plan.reduced.count == 0 && plan.kept.count != 0)
    return make_status(StatusCode::kInvalidArgument,
                       "self has no elements along the reduced dimensions, expected at least one");
  return {};
}

template <bool kLargest>
Status extremum(KernelContext &context, const Tensor &self, DimMask reduced, bool keepdim, Tensor &out) {
  const ReductionPlan plan = plan_reduction(self, reduced);
  XNNIR_RETURN_IF_ERROR(expect_elements(plan));
  return with_real_type(self.dtype(), "self", [&](auto type) {
    using T = decltype(type);
    DenseInput<T> in;
    DenseOutput<T> result;
    XNNIR_RETURN_IF_ERROR(in.read(context, self));
    XNNIR_RETURN_IF_ERROR(resize_output(out, reduced_sizes(self, reduced, keepdim)));
    XNNIR_RETURN_IF_ERROR(result.prepare(out));
    reduce(context, plan, in.data(), Extremum<T, kLargest>{result.data()});
    return result.store(context);
  });
}

// `values` may be null.
template <bool kLargest>
Status arg_extremum(KernelContext &context, const Tensor &self, DimMask reduced, bool keepdim, Tensor *values,
                    Tensor &indices) {
  const ReductionPlan plan = plan_reduction(self, reduced);
  XNNIR_RETURN_IF_ERROR(expect_elements(plan));
  if (values != nullptr)
    XNNIR_RETURN_IF_ERROR(expect_same_dtype(self, *values));
  if (indices.dtype() != ScalarType::kLong)
    return unsupported_dtype(indices.dtype(), "the result for indices", "int64");
  return with_real_type(self.dtype(), "self", [&](auto type) {
    using T = decltype(type);
    DenseInput<T> in;
    DenseOutput<T> best;
    DenseOutput<int64_t> where;
    XNNIR_RETURN_IF_ERROR(in.read(context, self));
    const Dims sizes = reduced_sizes(self, reduced, keepdim);
    if (values != nullptr) {
      XNNIR_RETURN_IF_ERROR(resize_output(*values, sizes));
      XNNIR_RETURN_IF_ERROR(best.prepare(*values));
    }
    XNNIR_RETURN_IF_ERROR(resize_output(indices, sizes));
    XNNIR_RETURN_IF_ERROR(where.prepare(indices));
    reduce(context, plan, in.data(), ArgExtremum<T, kLargest>{best.data(), where.data()});
    XNNIR_RETURN_IF_ERROR(best.store(context));
    return where.store(context);
  });
}

// amax.out(self, dim[], keepdim, out)
template <bool kLargest> Status amax_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims dims = arguments.int_list(1, "dim");
  const bool keepdim = arguments.boolean(2, "keepdim");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  Result<DimMask> reduced = dim_mask(dims, self->rank(), "dim");
  if (!reduced.ok())
    return reduced.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  return extremum<kLargest>(context, *self, *reduced, keepdim, *out);
}

// max.unary_out(self, out)
template <bool kLargest> Status max_unary_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 3);
  const Tensor *self = arguments.tensor(0, "self");
  Tensor *out = arguments.output(1);
  if (!arguments.ok())
    return arguments.status();
  return extremum<kLargest>(context, *self, all_dims(self->rank()), false, *out);
}

// aminmax.out(self, dim?, keepdim, min, max)
Status aminmax_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5, 2);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t rank = self == nullptr ? 0 : self->rank();
  DimMask reduced = all_dims(rank);
  if (arguments.optional_integer(1, "dim").has_value())
    reduced = DimMask{1} << arguments.dim(1, "dim", rank);
  const bool keepdim = arguments.boolean(2, "keepdim");
  Tensor *min = arguments.output(3);
  Tensor *max = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *min));
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *max));
  XNNIR_RETURN_IF_ERROR(extremum<false>(context, *self, reduced, keepdim, *min));
  return extremum<true>(context, *self, reduced, keepdim, *max);
}

// argmax.out(self, dim?, keepdim, out)
template <bool kLargest> Status argmax_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t rank = self == nullptr ? 0 : self->rank();
  DimMask reduced = all_dims(rank);
  if (arguments.optional_integer(1, "dim").has_value())
    reduced = DimMask{1} << arguments.dim(1, "dim", rank);
  const bool keepdim = arguments.boolean(2, "keepdim");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  return arg_extremum<kLargest>(context, *self, reduced, keepdim, nullptr, *out);
}

// max.dim_max(self, dim, keepdim, max, max_values)
template <bool kLargest> Status max_dim_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5, 2);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  const bool keepdim = arguments.boolean(2, "keepdim");
  Tensor *values = arguments.output(3);
  Tensor *indices = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  return arg_extremum<kLargest>(context, *self, DimMask{1} << dim, keepdim, values, *indices);
}

const KernelRegistration kAmax("aten::amax.out", amax_out<true>);
const KernelRegistration kAmin("aten::amin.out", amax_out<false>);
const KernelRegistration kAminmax("aten::aminmax.out", aminmax_out);
const KernelRegistration kMaxUnary("aten::max.unary_out", max_unary_out<true>);
const KernelRegistration kMinUnary("aten::min.unary_out", max_unary_out<false>);
const KernelRegistration kArgmax("aten::argmax.out", argmax_out<true>);
const KernelRegistration kArgmin("aten::argmin.out", argmax_out<false>);
const KernelRegistration kMaxDim("aten::max.dim_max", max_dim_out<true>);
const KernelRegistration kMinDim("aten::min.dim_min", max_dim_out<false>);

} // namespace

} // namespace xnnir
