// aten::sort, argsort, topk, kthvalue, median and nanmedian. NaN is larger than every number, as in PyTorch.
#include <algorithm>

#include "kernels/dense.h"
#include "kernels/parallel.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

template <typename T> struct Element {
  T value;
  int64_t index;
};

template <typename T> bool is_nan(T value) { return value != value; }

// Equals stand in the order that they came in, which makes every sort stable.
template <typename T> struct Ascending {
  bool operator()(const Element<T> &a, const Element<T> &b) const {
    if (a.value < b.value || (is_nan(b.value) && !is_nan(a.value)))
      return true;
    const bool after = b.value < a.value || (is_nan(a.value) && !is_nan(b.value));
    return !after && a.index < b.index;
  }
};
template <typename T> struct Descending {
  bool operator()(const Element<T> &a, const Element<T> &b) const {
    if (b.value < a.value || (is_nan(a.value) && !is_nan(b.value)))
      return true;
    const bool after = a.value < b.value || (is_nan(b.value) && !is_nan(a.value));
    return !after && a.index < b.index;
  }
};

// What to do with the elements of each line of a dimension.
struct Call {
  const Tensor *self = nullptr;
  size_t dim = 0;
  // Elements of a line of the result.
  size_t count = 0;
  // Sizes of the result.
  Dims sizes;
  // Either may be null.
  Tensor *values = nullptr;
  Tensor *indices = nullptr;
};

// Calls pick(elements, length, picked) for each line: `elements` are in their order and may be changed,
// `picked` is where call.count of them go.
template <typename T, typename Pick>
Status for_lines(KernelContext &context, const Call &call, const Pick &pick) {
  size_t outer = 1;
  size_t length = 1;
  size_t inner = 1;
  for (size_t i = 0; i < call.self->rank(); ++i)
    (i < call.dim ? outer : (i == call.dim ? length : inner)) *= static_cast<size_t>(call.self->sizes()[i]);
  const size_t lines = outer * inner;
  DenseInput<T> in;
  DenseOutput<T> values;
  DenseOutput<int64_t> indices;
  Scratch<Element<T>> elements;
  XNNIR_RETURN_IF_ERROR(in.read(context, *call.self));
  if (call.values != nullptr) {
    XNNIR_RETURN_IF_ERROR(resize_output(*call.values, call.sizes));
    XNNIR_RETURN_IF_ERROR(values.prepare(*call.values));
  }
  if (call.indices != nullptr) {
    XNNIR_RETURN_IF_ERROR(resize_output(*call.indices, call.sizes));
    XNNIR_RETURN_IF_ERROR(indices.prepare(*call.indices));
  }
  // Lines of their own, so that threads do not meet.
  XNNIR_RETURN_IF_ERROR(elements.allocate(lines * length));
  // Lines without elements are none to look at.
  parallel_for(context.threads(), length == 0 ? 0 : lines, length * 16, [&](size_t start, size_t count) {
    for (size_t line = start; line < start + count; ++line) {
      Element<T> *row = elements.data() + line * length;
      const T *from = in.data() + line / inner * length * inner + line % inner;
      for (size_t i = 0; i < length; ++i)
        row[i] = {from[i * inner], static_cast<int64_t>(i)};
      const Element<T> *picked = pick(row, length);
      const size_t first = line / inner * call.count * inner + line % inner;
      for (size_t i = 0; i < call.count; ++i) {
        if (call.values != nullptr)
          values.data()[first + i * inner] = picked[i].value;
        if (call.indices != nullptr)
          indices.data()[first + i * inner] = picked[i].index;
      }
    }
  });
  if (call.values != nullptr)
    XNNIR_RETURN_IF_ERROR(values.store(context));
  return call.indices == nullptr ? Status() : indices.store(context);
}

Status check_dtypes(const Call &call) {
  if (call.values != nullptr)
    XNNIR_RETURN_IF_ERROR(expect_same_dtype(*call.self, *call.values));
  if (call.indices != nullptr && call.indices->dtype() != ScalarType::kLong)
    return unsupported_dtype(call.indices->dtype(), "indices", "int64");
  return {};
}

size_t line_length(const Call &call) {
  return call.self->rank() == 0 ? 1 : static_cast<size_t>(call.self->sizes()[call.dim]);
}

Status sort(KernelContext &context, const Arguments &arguments, Call call, bool descending) {
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check_dtypes(call));
  call.count = line_length(call);
  call.sizes = sizes_of(*call.self);
  return with_real_type(call.self->dtype(), "self", [&](auto type) {
    using T = decltype(type);
    return for_lines<T>(context, call, [descending](Element<T> *row, size_t length) {
      if (descending)
        std::sort(row, row + length, Descending<T>());
      else
        std::sort(row, row + length, Ascending<T>());
      return row;
    });
  });
}

// sort.values(self, dim, descending, values, indices)
Status sort_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5, 2);
  Call call;
  call.self = arguments.tensor(0, "self");
  call.dim = arguments.dim(1, "dim", call.self == nullptr ? 0 : call.self->rank());
  const bool descending = arguments.boolean(2, "descending");
  call.values = arguments.output(3);
  call.indices = arguments.output(4);
  return sort(context, arguments, call, descending);
}

// sort.values_stable(self, stable?, dim, descending, values, indices)
Status sort_stable_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6, 2);
  Call call;
  call.self = arguments.tensor(0, "self");
  call.dim = arguments.dim(2, "dim", call.self == nullptr ? 0 : call.self->rank());
  const bool descending = arguments.boolean(3, "descending");
  call.values = arguments.output(4);
  call.indices = arguments.output(5);
  return sort(context, arguments, call, descending);
}

// argsort.stable_out(self, stable, dim, descending, out)
Status argsort_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  Call call;
  call.self = arguments.tensor(0, "self");
  call.dim = arguments.dim(2, "dim", call.self == nullptr ? 0 : call.self->rank());
  const bool descending = arguments.boolean(3, "descending");
  call.indices = arguments.output(4);
  return sort(context, arguments, call, descending);
}

// topk.values(self, k, dim, largest, sorted, values, indices): always sorted.
Status topk_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 7, 2);
  Call call;
  call.self = arguments.tensor(0, "self");
  const int64_t k = arguments.integer(1, "k");
  call.dim = arguments.dim(2, "dim", call.self == nullptr ? 0 : call.self->rank());
  const bool largest = arguments.boolean(3, "largest");
  call.values = arguments.output(5);
  call.indices = arguments.output(6);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check_dtypes(call));
  if (k < 0 || static_cast<uint64_t>(k) > line_length(call))
    return make_status(StatusCode::kInvalidArgument, "k is %lld, expected 0 to %zu",
                       static_cast<long long>(k), line_length(call));
  call.count = static_cast<size_t>(k);
  call.sizes = sizes_of(*call.self);
  if (call.self->rank() > 0)
    call.sizes[call.dim] = k;
  return with_real_type(call.self->dtype(), "self", [&](auto type) {
    using T = decltype(type);
    return for_lines<T>(context, call, [&](Element<T> *row, size_t length) {
      if (largest)
        std::partial_sort(row, row + call.count, row + length, Descending<T>());
      else
        std::partial_sort(row, row + call.count, row + length, Ascending<T>());
      return row;
    });
  });
}

// The sizes without the dimension, or with a size of 1 there.
Dims without_dim(const Tensor &self, size_t dim, bool keepdim) {
  Dims sizes;
  for (size_t i = 0; i < self.rank(); ++i) {
    if (i != dim)
      sizes.append(self.sizes()[i]);
    else if (keepdim)
      sizes.append(1);
  }
  return sizes;
}

// kthvalue.values(self, k, dim, keepdim, values, indices): k counts from 1.
Status kthvalue_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6, 2);
  Call call;
  call.self = arguments.tensor(0, "self");
  const int64_t k = arguments.integer(1, "k");
  call.dim = arguments.dim(2, "dim", call.self == nullptr ? 0 : call.self->rank());
  const bool keepdim = arguments.boolean(3, "keepdim");
  call.values = arguments.output(4);
  call.indices = arguments.output(5);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check_dtypes(call));
  if (k < 1 || static_cast<uint64_t>(k) > line_length(call))
    return make_status(StatusCode::kInvalidArgument, "k is %lld, expected 1 to %zu",
                       static_cast<long long>(k), line_length(call));
  call.count = 1;
  call.sizes = without_dim(*call.self, call.dim, keepdim);
  return with_real_type(call.self->dtype(), "self", [&](auto type) {
    using T = decltype(type);
    return for_lines<T>(context, call, [k](Element<T> *row, size_t length) {
      Element<T> *picked = row + (k - 1);
      std::nth_element(row, picked, row + length, Ascending<T>());
      return picked;
    });
  });
}

// The lower of the two in the middle; a NaN, if there is one and `skips_nan` is not set.
template <typename T> const Element<T> *median_of(Element<T> *row, size_t length, bool skips_nan) {
  size_t count = length;
  for (size_t i = 0; i < length; ++i)
    if (is_nan(row[i].value)) {
      if (!skips_nan)
        return row + i;
      --count;
    }
  // NaN is sorted behind the others.
  Element<T> *picked = row + (count == 0 ? 0 : (count - 1) / 2);
  std::nth_element(row, picked, row + length, Ascending<T>());
  return picked;
}

Status median(KernelContext &context, const Call &call, bool skips_nan) {
  XNNIR_RETURN_IF_ERROR(check_dtypes(call));
  if (line_length(call) == 0)
    return make_status(StatusCode::kInvalidArgument, "self has no elements in dimension %zu, expected some",
                       call.dim);
  return with_real_type(call.self->dtype(), "self", [&](auto type) {
    using T = decltype(type);
    return for_lines<T>(context, call, [skips_nan](Element<T> *row, size_t length) {
      return median_of(row, length, skips_nan);
    });
  });
}

// median.dim_values(self, dim, keepdim, values, indices)
template <bool kSkipsNan> Status median_dim_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5, 2);
  Call call;
  call.self = arguments.tensor(0, "self");
  call.dim = arguments.dim(1, "dim", call.self == nullptr ? 0 : call.self->rank());
  const bool keepdim = arguments.boolean(2, "keepdim");
  call.values = arguments.output(3);
  call.indices = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  call.count = 1;
  call.sizes = without_dim(*call.self, call.dim, keepdim);
  return median(context, call, kSkipsNan);
}

const KernelRegistration kSort("aten::sort.values", sort_out);
const KernelRegistration kSortStable("aten::sort.values_stable", sort_stable_out);
const KernelRegistration kArgsort("aten::argsort.stable_out", argsort_out);
const KernelRegistration kTopk("aten::topk.values", topk_out);
const KernelRegistration kKthvalue("aten::kthvalue.values", kthvalue_out);
const KernelRegistration kMedian("aten::median.dim_values", median_dim_out<false>);
const KernelRegistration kNanMedian("aten::nanmedian.dim_values", median_dim_out<true>);

} // namespace

} // namespace xnnir
