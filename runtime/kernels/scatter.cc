// aten::scatter.{src,value,reduce,value_reduce}_out, aten::scatter_add.out and aten::scatter_reduce.two_out:
// a copy of self into which elements are put, or combined, by their index in one dimension.
#include <algorithm>
#include <utility>

#include "kernels/combine.h"
#include "kernels/dense.h"
#include "kernels/dtype_switch.h"
#include "kernels/indices.h"
#include "kernels/scalar.h"
#include "kernels/strided_loop.h"

namespace xnnir {

namespace {

// For each element of `index`: out[i with dimension `dim` replaced by index[i]] = src[i], or the two
// combined.
struct Scatter {
  const Tensor *self = nullptr;
  size_t dim = 0;
  const Tensor *index = nullptr;
  // The element for all of them when there is no tensor.
  const Tensor *source = nullptr;
  Scalar value;
  Reduction reduction = Reduction::kReplace;
  // Whether the elements of self take part where something is put.
  bool include_self = true;
  Tensor *out = nullptr;
};

Status check_shapes(const Scatter &scatter) {
  const Dims self_sizes = at_least_one(sizes_of(*scatter.self));
  const Dims index_sizes = at_least_one(sizes_of(*scatter.index));
  const Dims source_sizes = scatter.source == nullptr ? index_sizes : at_least_one(sizes_of(*scatter.source));
  if (index_sizes.size() != self_sizes.size() || source_sizes.size() != self_sizes.size())
    return make_status(StatusCode::kInvalidArgument,
                       "self, index and src have ranks %zu, %zu and %zu, expected equal ones",
                       self_sizes.size(), index_sizes.size(), source_sizes.size());
  for (size_t i = 0; i < self_sizes.size(); ++i) {
    if (index_sizes[i] > source_sizes[i])
      return make_status(StatusCode::kInvalidArgument,
                         "index has size %lld in dimension %zu, expected at most the %lld of src",
                         static_cast<long long>(index_sizes[i]), i, static_cast<long long>(source_sizes[i]));
    if (i != scatter.dim && index_sizes[i] > self_sizes[i])
      return make_status(StatusCode::kInvalidArgument,
                         "index has size %lld in dimension %zu, expected at most the %lld of self",
                         static_cast<long long>(index_sizes[i]), i, static_cast<long long>(self_sizes[i]));
  }
  return {};
}

// The loop over the elements of index: visit(offset in out, offset in src).
template <typename Visit> Status for_each_target(const Scatter &scatter, const Indices &index, Visit visit) {
  const Dims sizes = at_least_one(sizes_of(*scatter.index));
  Dims out_strides = at_least_one(strides_of(*scatter.out));
  const int64_t step = out_strides[scatter.dim];
  out_strides[scatter.dim] = 0;
  Dims source_strides;
  for (size_t i = 0; i < sizes.size(); ++i)
    source_strides.append(0);
  if (scatter.source != nullptr)
    source_strides = at_least_one(strides_of(*scatter.source));
  const StridedLoop<3> loop(sizes, {at_least_one(strides_of(*scatter.index)), out_strides, source_strides});
  IndexCheck check(at_least_one(sizes_of(*scatter.out))[scatter.dim]);
  // Elements that meet at one place are combined in the order of the index, so on one thread.
  loop.for_each_row([&](const auto &offsets) {
    for (int64_t i = 0; i < loop.row_size(); ++i) {
      const int64_t target = index[offsets[0] + i * loop.row_stride(0)];
      if (!check.accepts(target))
        return;
      visit(offsets[1] + i * loop.row_stride(1) + target * step, offsets[2] + i * loop.row_stride(2));
    }
  });
  return check.status("index");
}

// The source as bytes: a tensor's elements, or the value as one element.
class Source {
public:
  Source(const Scatter &scatter) : data_(scatter.source == nullptr ? nullptr : scatter.source->data()) {
    if (data_ == nullptr)
      static_cast<void>(dtype_switch(AllTypes{}, scatter.out->dtype(), "self", [&](auto tag) {
        write_element(scatter.value.to<typename decltype(tag)::type>(), value_);
      }));
  }
  const uint8_t *data() const { return data_ == nullptr ? value_ : static_cast<const uint8_t *>(data_); }

private:
  const void *data_;
  alignas(8) uint8_t value_[8] = {};
};

Status put(const Scatter &scatter, const Indices &index) {
  const Source source(scatter);
  auto *out = scatter.out->data_as<uint8_t>();
  Status status;
  with_element_bytes(element_size(scatter.out->dtype()), [&](auto bytes) {
    constexpr auto kBytes = static_cast<int64_t>(decltype(bytes)::value);
    status = for_each_target(scatter, index, [&](int64_t target, int64_t from) {
      std::memcpy(out + target * kBytes, source.data() + from * kBytes, kBytes);
    });
  });
  return status;
}

// Divides sums by the number of their elements; integers towards minus infinity.
template <typename T> void divide(uint8_t *element, int64_t count) {
  const auto sum = widen(read_element<T>(element));
  if constexpr (std::is_integral_v<T>) {
    const auto wide = static_cast<int64_t>(sum);
    write_element(static_cast<T>(wide / count - (wide % count < 0 ? 1 : 0)), element);
  } else {
    write_element(element_cast<T>(sum / static_cast<decltype(sum)>(count)), element);
  }
}

template <typename T> Status reduce(const Scatter &scatter, const Indices &index) {
  const Source source(scatter);
  auto *out = scatter.out->data_as<uint8_t>();
  const auto place = [&](int64_t target) { return out + target * static_cast<int64_t>(sizeof(T)); };
  if (!scatter.include_self) {
    const T start = neutral_element<T>(scatter.reduction);
    XNNIR_RETURN_IF_ERROR(for_each_target(
        scatter, index, [&](int64_t target, int64_t) { write_element(start, place(target)); }));
  }
  XNNIR_RETURN_IF_ERROR(for_each_target(scatter, index, [&](int64_t target, int64_t from) {
    const T element = read_element<T>(source.data() + from * static_cast<int64_t>(sizeof(T)));
    write_element(combine(scatter.reduction, read_element<T>(place(target)), element), place(target));
  }));
  if (scatter.reduction != Reduction::kMean)
    return {};
  if (std::is_same_v<T, bool>)
    return make_status(StatusCode::kInvalidType, "self has dtype bool, of which there is no mean");
  Scratch<int64_t> counts;
  XNNIR_RETURN_IF_ERROR(counts.allocate(scatter.out->numel()));
  std::fill_n(counts.data(), scatter.out->numel(), scatter.include_self ? 1 : 0);
  XNNIR_RETURN_IF_ERROR(for_each_target(
      scatter, index, [&](int64_t target, int64_t) { ++counts[static_cast<size_t>(target)]; }));
  for (size_t i = 0; i < scatter.out->numel(); ++i)
    if (counts[i] > 1)
      divide<T>(place(static_cast<int64_t>(i)), counts[i]);
  return {};
}

Status run(KernelContext &context, Scatter &scatter) {
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*scatter.self, *scatter.out));
  if (scatter.source != nullptr)
    XNNIR_RETURN_IF_ERROR(expect_same_dtype(*scatter.source, *scatter.out));
  Result<Indices> index = Indices::of(*scatter.index, "index");
  if (!index.ok())
    return index.status();
  if (scatter.index->numel() > 0)
    XNNIR_RETURN_IF_ERROR(check_shapes(scatter));
  const Dims sizes = sizes_of(*scatter.self);
  XNNIR_RETURN_IF_ERROR(resize_output(*scatter.out, sizes));
  strided_copy(context.threads(), element_size(scatter.self->dtype()), sizes, scatter.self->data(),
               strides_of(*scatter.self), scatter.out->data(), strides_of(*scatter.out));
  if (scatter.index->numel() == 0)
    return {};
  if (scatter.reduction == Reduction::kReplace)
    return put(scatter, *index);
  return dtype_switch(RealAndBoolTypes{}, scatter.out->dtype(), "self",
                      [&](auto tag) { return reduce<typename decltype(tag)::type>(scatter, *index); });
}

// The arguments that all have: self, dim, index, and src or value.
Scatter read_scatter(Arguments &arguments, bool has_source, size_t out) {
  Scatter scatter;
  scatter.self = arguments.tensor(0, "self");
  scatter.dim = arguments.dim(1, "dim", scatter.self == nullptr ? 0 : scatter.self->rank());
  scatter.index = arguments.tensor(2, "index");
  if (has_source)
    scatter.source = arguments.tensor(3, "src");
  else
    scatter.value = arguments.scalar_value(3, "value");
  scatter.out = arguments.output(out);
  return scatter;
}

// The names that PyTorch has for them in scatter ("add", "multiply") and in scatter_reduce.
Reduction read_reduction(Arguments &arguments, size_t index) {
  const std::string name = arguments.text(index, "reduce");
  constexpr std::pair<const char *, Reduction> kNames[] = {
      {"add", Reduction::kSum},      {"multiply", Reduction::kProduct}, {"sum", Reduction::kSum},
      {"prod", Reduction::kProduct}, {"mean", Reduction::kMean},        {"amax", Reduction::kMaximum},
      {"amin", Reduction::kMinimum}};
  for (const auto &[known, reduction] : kNames)
    if (name == known)
      return reduction;
  arguments.fail(make_status(StatusCode::kInvalidArgument,
                             "reduce is '%s', expected sum, prod, mean, amax, amin, add or multiply",
                             name.c_str()));
  return Reduction::kReplace;
}

// scatter.src_out(self, dim, index, src, out), scatter.value_out(self, dim, index, value, out)
template <bool kHasSource> Status scatter_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  Scatter scatter = read_scatter(arguments, kHasSource, 4);
  return arguments.ok() ? run(context, scatter) : arguments.status();
}

// scatter_add.out(self, dim, index, src, out)
Status scatter_add_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  Scatter scatter = read_scatter(arguments, true, 4);
  scatter.reduction = Reduction::kSum;
  return arguments.ok() ? run(context, scatter) : arguments.status();
}

// scatter.reduce_out(self, dim, index, src, reduce, out), scatter.value_reduce_out with a value for src
template <bool kHasSource> Status scatter_with_reduce_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 7);
  Scatter scatter = read_scatter(arguments, kHasSource, 5);
  scatter.reduction = read_reduction(arguments, 4);
  return arguments.ok() ? run(context, scatter) : arguments.status();
}

// scatter_reduce.two_out(self, dim, index, src, reduce, include_self, out)
Status scatter_reduce_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 8);
  Scatter scatter = read_scatter(arguments, true, 6);
  scatter.reduction = read_reduction(arguments, 4);
  scatter.include_self = arguments.boolean(5, "include_self");
  return arguments.ok() ? run(context, scatter) : arguments.status();
}

const KernelRegistration kScatterSource("aten::scatter.src_out", scatter_out<true>);
const KernelRegistration kScatterValue("aten::scatter.value_out", scatter_out<false>);
const KernelRegistration kScatterReduce("aten::scatter.reduce_out", scatter_with_reduce_out<true>);
const KernelRegistration kScatterValueReduce("aten::scatter.value_reduce_out",
                                             scatter_with_reduce_out<false>);
const KernelRegistration kScatterAdd("aten::scatter_add.out", scatter_add_out);
const KernelRegistration kScatterReduceTwo("aten::scatter_reduce.two_out", scatter_reduce_out);

} // namespace

} // namespace xnnir
