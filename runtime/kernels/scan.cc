// Running sums, products and extrema: aten::cumsum, cumprod, cummax, cummin and logcumsumexp.
#include <cmath>
#include <limits>
#include <type_traits>

#include "kernels/dense.h"
#include "kernels/parallel.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

// A contiguous tensor seen as [outer, length, inner], of which the middle is scanned.
struct Lines {
  size_t outer = 1;
  size_t length = 1;
  size_t inner = 1;

  Lines(const Tensor &self, size_t dim) {
    for (size_t i = 0; i < self.rank(); ++i)
      (i < dim ? outer : (i == dim ? length : inner)) *= static_cast<size_t>(self.sizes()[i]);
  }
};

// Calls body(first) with the place of each line's first element.
template <typename Body> void for_each_line(KernelContext &context, const Lines &lines, const Body &body) {
  if (lines.length == 0)
    return;
  parallel_for(context.threads(), lines.outer * lines.inner, lines.length, [&](size_t start, size_t count) {
    for (size_t i = start; i < start + count; ++i)
      body(i / lines.inner * lines.length * lines.inner + i % lines.inner);
  });
}

struct Add {
  static constexpr int kIdentity = 0;
  template <typename T> static T apply(T a, T b) { return a + b; }
};
struct Multiply {
  static constexpr int kIdentity = 1;
  template <typename T> static T apply(T a, T b) { return a * b; }
};

// cumsum.out(self, dim, dtype?, out): elements are cast to the result's dtype first.
template <typename Op> Status scan_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  arguments.optional_dtype(2, "dtype");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  if (out->dtype() == ScalarType::kBool)
    return unsupported_dtype(ScalarType::kBool, "out", "an integer or floating one");
  return with_real_type(out->dtype(), "out", [&](auto type) {
    using T = decltype(type);
    // Floats are summed in double, as PyTorch does; integers wrap around.
    using Sum = std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, double>;
    const Lines lines(*self, dim);
    DenseInput<T> in;
    DenseOutput<T> result;
    XNNIR_RETURN_IF_ERROR(in.read(context, *self));
    XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes_of(*self)));
    XNNIR_RETURN_IF_ERROR(result.prepare(*out));
    const T *from = in.data();
    T *to = result.data();
    for_each_line(context, lines, [&](size_t first) {
      Sum sum = Op::kIdentity;
      for (size_t i = 0, at = first; i < lines.length; ++i, at += lines.inner) {
        sum = Op::apply(sum, static_cast<Sum>(from[at]));
        to[at] = static_cast<T>(sum);
      }
    });
    return result.store(context);
  });
}

// cummax.out(self, dim, values, indices): of equals the last is taken, and NaN stays.
template <bool kLargest> Status cummax_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4, 2);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  Tensor *values = arguments.output(2);
  Tensor *indices = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *values));
  if (indices->dtype() != ScalarType::kLong)
    return unsupported_dtype(indices->dtype(), "indices", "int64");
  return with_real_type(self->dtype(), "self", [&](auto type) {
    using T = decltype(type);
    const Lines lines(*self, dim);
    const Dims sizes = sizes_of(*self);
    DenseInput<T> in;
    DenseOutput<T> best;
    DenseOutput<int64_t> where;
    XNNIR_RETURN_IF_ERROR(in.read(context, *self));
    XNNIR_RETURN_IF_ERROR(resize_output(*values, sizes));
    XNNIR_RETURN_IF_ERROR(resize_output(*indices, sizes));
    XNNIR_RETURN_IF_ERROR(best.prepare(*values));
    XNNIR_RETURN_IF_ERROR(where.prepare(*indices));
    const T *from = in.data();
    for_each_line(context, lines, [&](size_t first) {
      T value = from[first];
      int64_t index = 0;
      for (size_t i = 0, at = first; i < lines.length; ++i, at += lines.inner) {
        if (from[at] != from[at] || (kLargest ? from[at] >= value : from[at] <= value)) {
          value = from[at];
          index = static_cast<int64_t>(i);
        }
        best.data()[at] = value;
        where.data()[at] = index;
      }
    });
    XNNIR_RETURN_IF_ERROR(best.store(context));
    return where.store(context);
  });
}

// logcumsumexp.out(self, dim, out)
Status logcumsumexp_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  return with_floating_type(self->dtype(), "self", [&](auto type) {
    using T = decltype(type);
    const Lines lines(*self, dim);
    DenseInput<T> in;
    DenseOutput<T> result;
    XNNIR_RETURN_IF_ERROR(in.read(context, *self));
    XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes_of(*self)));
    XNNIR_RETURN_IF_ERROR(result.prepare(*out));
    const T *from = in.data();
    T *to = result.data();
    for_each_line(context, lines, [&](size_t first) {
      // log(exp(sum) + exp(value)), with the larger of the two taken out.
      double sum = -std::numeric_limits<double>::infinity();
      for (size_t i = 0, at = first; i < lines.length; ++i, at += lines.inner) {
        const double value = static_cast<double>(from[at]);
        const double low = value < sum ? value : sum;
        const double high = value < sum ? sum : value;
        sum = value != value || sum != sum
                  ? value + sum
                  : (low == high && std::isinf(low) ? low : high + std::log1p(std::exp(low - high)));
        to[at] = static_cast<T>(sum);
      }
    });
    return result.store(context);
  });
}

const KernelRegistration kCumsum("aten::cumsum.out", scan_out<Add>);
const KernelRegistration kCumprod("aten::cumprod.out", scan_out<Multiply>);
const KernelRegistration kCummax("aten::cummax.out", cummax_out<true>);
const KernelRegistration kCummin("aten::cummin.out", cummax_out<false>);
const KernelRegistration kLogcumsumexp("aten::logcumsumexp.out", logcumsumexp_out);

} // namespace

} // namespace xnnir
