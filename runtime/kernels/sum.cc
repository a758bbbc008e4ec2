// Sums, means, products, counts and their like: aten::sum, nansum, mean, prod, any, all and count_nonzero.
#include <cmath>
#include <type_traits>

#include "kernels/reduction.h"

namespace xnnir {

namespace {

template <typename T> using Total = std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, double>;
// Integers wrap around, which is defined for unsigned ones only.
template <typename T> using Lane = std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, T>;

template <typename T> struct Sum {
  using Lane = xnnir::Lane<T>;
  using Total = xnnir::Total<T>;
  T *out;

  Sum(T *result, size_t) : out(result) {}
  Lane start(size_t) const { return 0; }
  void step(Lane &lane, T value, int64_t, size_t) const { lane += static_cast<Lane>(value); }
  Total total() const { return 0; }
  void fold(Total &total, Lane lane) const { total += lane; }
  void finish(size_t i, Total total) const { out[i] = static_cast<T>(total); }
};

template <typename T> struct NanSum : Sum<T> {
  using Sum<T>::Sum;
  void step(typename Sum<T>::Lane &lane, T value, int64_t, size_t) const {
    lane += value == value ? static_cast<typename Sum<T>::Lane>(value) : 0;
  }
};

template <typename T> struct Mean : Sum<T> {
  double count;
  Mean(T *result, size_t size) : Sum<T>(result, size), count(static_cast<double>(size)) {}
  void finish(size_t i, typename Sum<T>::Total total) const {
    this->out[i] = static_cast<T>(static_cast<double>(total) / count);
  }
};

template <typename T> struct Product : Sum<T> {
  using Sum<T>::Sum;
  using Lane = typename Sum<T>::Lane;
  using Total = typename Sum<T>::Total;
  Lane start(size_t) const { return 1; }
  void step(Lane &lane, T value, int64_t, size_t) const { lane *= static_cast<Lane>(value); }
  Total total() const { return 1; }
  void fold(Total &total, Lane lane) const { total *= lane; }
};

// The number of elements that are not zero.
template <typename T> struct Count {
  using Lane = uint32_t;
  using Total = int64_t;
  int64_t *out;
  int64_t count;

  Count(int64_t *result, size_t size) : out(result), count(static_cast<int64_t>(size)) {}
  Lane start(size_t) const { return 0; }
  void step(Lane &lane, T value, int64_t, size_t) const { lane += value != 0 ? 1 : 0; }
  Total total() const { return 0; }
  void fold(Total &total, Lane lane) const { total += lane; }
  void finish(size_t i, Total total) const { out[i] = total; }
};

template <typename T> struct Any : Count<T> {
  using Count<T>::Count;
  void finish(size_t i, int64_t total) const { this->out[i] = total > 0; }
};

template <typename T> struct All : Count<T> {
  using Count<T>::Count;
  void finish(size_t i, int64_t total) const { this->out[i] = total == this->count; }
};

struct Call {
  const Tensor *self = nullptr;
  DimMask reduced = 0;
  bool keepdim = false;
  Tensor *out = nullptr;
};

// In: the type to read in; Out: the one that Op writes.
template <typename In, typename Out, template <typename> typename Op>
Status reduce_as(KernelContext &context, const Call &call) {
  const ReductionPlan plan = plan_reduction(*call.self, call.reduced);
  DenseInput<In> in;
  DenseOutput<Out> out;
  XNNIR_RETURN_IF_ERROR(in.read(context, *call.self));
  XNNIR_RETURN_IF_ERROR(resize_output(*call.out, reduced_sizes(*call.self, call.reduced, call.keepdim)));
  XNNIR_RETURN_IF_ERROR(out.prepare(*call.out));
  reduce(context, plan, in.data(), Op<In>(out.data(), plan.reduced.count));
  return out.store(context);
}

// Elements are cast to the dtype of the result first, as PyTorch does.
template <template <typename> typename Op> Status accumulate(KernelContext &context, const Call &call) {
  if (call.out->dtype() == ScalarType::kBool)
    return unsupported_dtype(ScalarType::kBool, "out", "an integer or floating one");
  return with_real_type(call.out->dtype(), "out", [&](auto type) {
    using T = decltype(type);
    return reduce_as<T, T, Op>(context, call);
  });
}

Status mean(KernelContext &context, const Call &call) {
  return with_floating_type(call.out->dtype(), "out", [&](auto type) {
    using T = decltype(type);
    return reduce_as<T, T, Mean>(context, call);
  });
}

template <template <typename> typename Op> Status count(KernelContext &context, const Call &call) {
  return with_real_type(call.self->dtype(), "self",
                        [&](auto type) { return reduce_as<decltype(type), int64_t, Op>(context, call); });
}

// What a reduction does once its arguments are read.
using Reduce = Status (*)(KernelContext &, const Call &);

// op(self, dim[]?, keepdim, dtype?, out), op(self, dim[]?, keepdim, out)
template <Reduce run, bool kHasDtype> Status over_dims(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, kHasDtype ? 6 : 5);
  Call call;
  call.self = arguments.tensor(0, "self");
  const std::optional<Dims> dims = arguments.optional_int_list(1, "dim");
  call.keepdim = arguments.boolean(2, "keepdim");
  if (kHasDtype)
    arguments.optional_dtype(3, "dtype");
  call.out = arguments.output(kHasDtype ? 4 : 3);
  if (!arguments.ok())
    return arguments.status();
  Result<DimMask> reduced = dim_mask(dims, call.self->rank(), "dim");
  if (!reduced.ok())
    return reduced.status();
  // To any and all, no dimensions are none; to the others, all.
  call.reduced = !kHasDtype && dims.has_value() && dims->size() == 0 ? 0 : *reduced;
  return run(context, call);
}

// op(self, dim, keepdim, dtype?, out), op(self, dim, keepdim, out)
template <Reduce run, bool kHasDtype> Status over_dim(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, kHasDtype ? 6 : 5);
  Call call;
  call.self = arguments.tensor(0, "self");
  call.reduced = DimMask{1} << arguments.dim(1, "dim", call.self == nullptr ? 0 : call.self->rank());
  call.keepdim = arguments.boolean(2, "keepdim");
  if (kHasDtype)
    arguments.optional_dtype(3, "dtype");
  call.out = arguments.output(kHasDtype ? 4 : 3);
  return arguments.ok() ? run(context, call) : arguments.status();
}

// op(self, dtype?, out), op(self, out)
template <Reduce run, bool kHasDtype> Status over_all(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, kHasDtype ? 4 : 3);
  Call call;
  call.self = arguments.tensor(0, "self");
  if (kHasDtype)
    arguments.optional_dtype(1, "dtype");
  call.out = arguments.output(kHasDtype ? 2 : 1);
  if (!arguments.ok())
    return arguments.status();
  call.reduced = all_dims(call.self->rank());
  return run(context, call);
}

// count_nonzero.out(self, dim?, out)
Status count_nonzero_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  Call call;
  call.self = arguments.tensor(0, "self");
  const size_t rank = call.self == nullptr ? 0 : call.self->rank();
  call.reduced = all_dims(rank);
  if (arguments.optional_integer(1, "dim").has_value())
    call.reduced = DimMask{1} << arguments.dim(1, "dim", rank);
  call.out = arguments.output(2);
  return arguments.ok() ? count<Count>(context, call) : arguments.status();
}

// count_nonzero.dim_IntList_out(self, dim[], out)
Status count_nonzero_dims_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  Call call;
  call.self = arguments.tensor(0, "self");
  const Dims dims = arguments.int_list(1, "dim");
  call.out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  Result<DimMask> reduced = dim_mask(dims, call.self->rank(), "dim");
  if (!reduced.ok())
    return reduced.status();
  call.reduced = *reduced;
  return count<Count>(context, call);
}

const KernelRegistration kSum("aten::sum.IntList_out", over_dims<accumulate<Sum>, true>);
const KernelRegistration kSumAll("aten::sum.out", over_all<accumulate<Sum>, true>);
const KernelRegistration kNanSum("aten::nansum.out", over_dims<accumulate<NanSum>, true>);
const KernelRegistration kMean("aten::mean.out", over_dims<mean, true>);
const KernelRegistration kMeanAll("aten::mean.dtype_out", over_all<mean, true>);
const KernelRegistration kProduct("aten::prod.int_out", over_dim<accumulate<Product>, true>);
const KernelRegistration kProductAll("aten::prod.out", over_all<accumulate<Product>, true>);
const KernelRegistration kAny("aten::any.out", over_dim<count<Any>, false>);
const KernelRegistration kAnyDims("aten::any.dims_out", over_dims<count<Any>, false>);
const KernelRegistration kAnyAll("aten::any.all_out", over_all<count<Any>, false>);
const KernelRegistration kAll("aten::all.out", over_dim<count<All>, false>);
const KernelRegistration kAllDims("aten::all.dims_out", over_dims<count<All>, false>);
const KernelRegistration kAllAll("aten::all.all_out", over_all<count<All>, false>);
const KernelRegistration kCount("aten::count_nonzero.out", count_nonzero_out);
const KernelRegistration kCountDims("aten::count_nonzero.dim_IntList_out", count_nonzero_dims_out);

} // namespace

} // namespace xnnir
