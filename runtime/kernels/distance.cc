// aten::_cdist_forward and _pdist_forward: p-norms of the differences of rows.
#include <cmath>

#include "kernels/dense.h"
#include "kernels/parallel.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

// The p-norm of a - b.
template <typename T> T distance(const T *a, const T *b, size_t count, double p) {
  if (std::isinf(p)) {
    T largest = 0;
    for (size_t i = 0; i < count; ++i) {
      const T difference = std::fabs(a[i] - b[i]);
      largest = difference > largest || difference != difference ? difference : largest;
    }
    return largest;
  }
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const double difference = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (p == 0)
      sum += difference != 0 ? 1 : 0;
    else if (p == 1)
      sum += difference;
    else if (p == 2)
      sum += difference * difference;
    else
      sum += std::pow(difference, p);
  }
  if (p == 2)
    return static_cast<T>(std::sqrt(sum));
  return static_cast<T>(p == 0 || p == 1 ? sum : std::pow(sum, 1 / p));
}

Status check_order(double p) {
  if (!(p >= 0))
    return make_status(StatusCode::kInvalidArgument, "p is %g, expected 0 or more", p);
  return {};
}

struct Distances {
  const Tensor *x1;
  const Tensor *x2;
  double p;
  Tensor *out;
  // Leading dimensions of the result, and steps of the inputs' matrices along each of them: 0 where one is
  // repeated.
  Dims sizes;
  Dims steps[2];
  size_t batch;
  size_t rows;
  size_t columns;
  size_t depth;
};

// Broadcasts the leading dimensions.
Status broadcast(Distances &call) {
  const Tensor *inputs[] = {call.x1, call.x2};
  const size_t rank = std::max(call.x1->rank(), call.x2->rank());
  call.batch = 1;
  for (size_t i = 0; i + 2 < rank; ++i) {
    int64_t size = 1;
    for (const Tensor *input : inputs) {
      const size_t missing = rank - input->rank();
      const int64_t own = i < missing ? 1 : input->sizes()[i - missing];
      if (own != 1 && size != 1 && own != size)
        return make_status(StatusCode::kInvalidArgument,
                           "x1 and x2 have sizes %lld and %lld in dimension %zu",
                           static_cast<long long>(size), static_cast<long long>(own), i);
      size = own == 1 ? size : own;
    }
    call.sizes.append(size);
    call.steps[0].append(0);
    call.steps[1].append(0);
    call.batch *= static_cast<size_t>(size);
  }
  for (size_t k = 0; k < 2; ++k) {
    const size_t missing = rank - inputs[k]->rank();
    int64_t step = static_cast<int64_t>((k == 0 ? call.rows : call.columns) * call.depth);
    for (size_t i = rank - 2; i-- > missing;) {
      const int64_t own = inputs[k]->sizes()[i - missing];
      call.steps[k][i] = own == 1 ? 0 : step;
      step *= own;
    }
  }
  call.sizes.append(static_cast<int64_t>(call.rows));
  call.sizes.append(static_cast<int64_t>(call.columns));
  return {};
}

template <typename T> Status run(KernelContext &context, const Distances &call) {
  DenseInput<T> x1;
  DenseInput<T> x2;
  DenseOutput<T> out;
  XNNIR_RETURN_IF_ERROR(x1.read(context, *call.x1));
  XNNIR_RETURN_IF_ERROR(x2.read(context, *call.x2));
  XNNIR_RETURN_IF_ERROR(resize_output(*call.out, call.sizes));
  XNNIR_RETURN_IF_ERROR(out.prepare(*call.out));
  if (call.out->numel() == 0)
    return {};
  parallel_for(context.threads(), call.batch * call.rows, call.columns * (call.depth + 4),
               [&](size_t start, size_t count) {
                 for (size_t i = start; i < start + count; ++i) {
                   size_t rest = i / call.rows;
                   const T *row = x1.data() + i % call.rows * call.depth;
                   const T *others = x2.data();
                   for (size_t dim = call.sizes.size() - 2; dim-- > 0;) {
                     const int64_t index = static_cast<int64_t>(rest % static_cast<size_t>(call.sizes[dim]));
                     rest /= static_cast<size_t>(call.sizes[dim]);
                     row += index * call.steps[0][dim];
                     others += index * call.steps[1][dim];
                   }
                   for (size_t k = 0; k < call.columns; ++k)
                     out.data()[i * call.columns + k] =
                         distance(row, others + k * call.depth, call.depth, call.p);
                 }
               });
  return out.store(context);
}

// _cdist_forward.out(x1, x2, p, compute_mode?, out): x1 [..., rows, depth], x2 [..., columns, depth]
Status cdist_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  Distances call = {};
  call.x1 = arguments.tensor(0, "x1");
  call.x2 = arguments.tensor(1, "x2");
  call.p = arguments.scalar(2, "p");
  arguments.optional_integer(3, "compute_mode");
  call.out = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check_order(call.p));
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*call.x1, *call.x2));
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*call.x1, *call.out));
  const size_t rank1 = call.x1->rank();
  const size_t rank2 = call.x2->rank();
  if (rank1 < 2 || rank2 < 2 || call.x1->sizes()[rank1 - 1] != call.x2->sizes()[rank2 - 1])
    return make_status(StatusCode::kInvalidArgument,
                       "x1 and x2 are expected to be matrices, or batches of them, with rows of one length");
  call.rows = static_cast<size_t>(call.x1->sizes()[rank1 - 2]);
  call.columns = static_cast<size_t>(call.x2->sizes()[rank2 - 2]);
  call.depth = static_cast<size_t>(call.x1->sizes()[rank1 - 1]);
  XNNIR_RETURN_IF_ERROR(broadcast(call));
  return with_floating_type(call.x1->dtype(), "x1",
                            [&](auto type) { return run<decltype(type)>(context, call); });
}

// _pdist_forward.out(self, p, out): of the pairs of rows i < j, (0, 1), (0, 2), ... (1, 2), ...
Status pdist_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const double p = arguments.scalar(1, "p");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check_order(p));
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*self, *out));
  if (self->rank() != 2)
    return make_status(StatusCode::kInvalidArgument, "self has rank %zu, expected 2", self->rank());
  const int64_t rows = self->sizes()[0];
  const size_t depth = static_cast<size_t>(self->sizes()[1]);
  Dims sizes;
  sizes.append(rows * (rows - 1) / 2);
  return with_floating_type(self->dtype(), "self", [&](auto type) {
    using T = decltype(type);
    DenseInput<T> in;
    DenseOutput<T> result;
    XNNIR_RETURN_IF_ERROR(in.read(context, *self));
    XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
    XNNIR_RETURN_IF_ERROR(result.prepare(*out));
    T *to = result.data();
    for (size_t i = 0; i < static_cast<size_t>(rows); ++i)
      for (size_t j = i + 1; j < static_cast<size_t>(rows); ++j)
        *to++ = distance(in.data() + i * depth, in.data() + j * depth, depth, p);
    return result.store(context);
  });
}

const KernelRegistration kCdist("aten::_cdist_forward.out", cdist_out);
const KernelRegistration kPdist("aten::_pdist_forward.out", pdist_out);

} // namespace

} // namespace xnnir
