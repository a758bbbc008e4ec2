// aten::mm, bmm, addmm, baddbmm, linear, mv, addmv and dot.
#include <cmath>

#include "kernels/dense.h"
#include "kernels/matmul.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

// out = a b, [batch, rows, depth] times [batch, depth, columns], or [columns, depth] transposed and repeated;
// plus a tensor that broadcasts to the result.
struct Call {
  const Tensor *a = nullptr;
  const Tensor *b = nullptr;
  bool b_transposed = false;
  bool b_repeated = false;
  size_t batch = 1;
  size_t rows = 1;
  size_t columns = 1;
  size_t depth = 0;
  // Null for none.
  const Tensor *added = nullptr;
  double beta = 1;
  double alpha = 1;
  Dims sizes;
  Tensor *out = nullptr;
};

// A factor of PyTorch's `alpha` and `beta` in the type of the computation.
template <typename T> T factor(double value) { return static_cast<T>(value); }

// out[i] = alpha * out[i] + beta * added[i]. Without beta, NaN in `added` does not count.
template <typename T>
Status add(KernelContext &context, const Call &call, const Dims &added_sizes, const T *added, T *out) {
  Dims strides = call.sizes;
  const size_t rank = call.sizes.size();
  const size_t missing = rank - added_sizes.size();
  int64_t stride = 1;
  for (size_t i = rank; i-- > 0;) {
    const int64_t size = i < missing ? 1 : added_sizes[i - missing];
    strides[i] = size == 1 ? 0 : stride;
    stride *= std::max<int64_t>(size, 1);
  }
  const T alpha = factor<T>(call.alpha);
  const T beta = factor<T>(call.beta);
  const size_t last = rank == 0 ? 1 : static_cast<size_t>(call.sizes[rank - 1]);
  const size_t step = rank == 0 ? 0 : static_cast<size_t>(strides[rank - 1]);
  const size_t count = call.batch * call.rows * call.columns;
  if (count == 0)
    return {};
  parallel_for(context.threads(), count / last, last, [&](size_t start, size_t size) {
    for (size_t row = start; row < start + size; ++row) {
      size_t offset = 0;
      size_t index = row;
      for (size_t i = rank < 1 ? 0 : rank - 1; i-- > 0;) {
        offset += index % static_cast<size_t>(call.sizes[i]) * static_cast<size_t>(strides[i]);
        index /= static_cast<size_t>(call.sizes[i]);
      }
      T *to = out + row * last;
      for (size_t i = 0; i < last; ++i)
        to[i] = alpha * to[i] + (beta == 0 ? T{} : beta * added[offset + i * step]);
    }
  });
  return {};
}

Status expect_broadcastable(const Tensor &added, const Dims &sizes) {
  if (added.rank() > sizes.size())
    return make_status(StatusCode::kInvalidArgument, "self has rank %zu, expected at most %zu", added.rank(),
                       sizes.size());
  const size_t missing = sizes.size() - added.rank();
  for (size_t i = 0; i < added.rank(); ++i)
    if (added.sizes()[i] != 1 && added.sizes()[i] != sizes[missing + i])
      return make_status(StatusCode::kInvalidArgument,
                         "self has size %d in dimension %zu, expected 1 or %lld", added.sizes()[i], i,
                         static_cast<long long>(sizes[missing + i]));
  return {};
}

template <typename T> Status run(KernelContext &context, const Call &call) {
  DenseInput<T> a;
  DenseInput<T> b;
  DenseInput<T> added;
  DenseOutput<T> out;
  Dims added_sizes;
  XNNIR_RETURN_IF_ERROR(a.read(context, *call.a));
  XNNIR_RETURN_IF_ERROR(b.read(context, *call.b));
  if (call.added != nullptr) {
    XNNIR_RETURN_IF_ERROR(expect_broadcastable(*call.added, call.sizes));
    XNNIR_RETURN_IF_ERROR(added.read(context, *call.added));
    added_sizes = sizes_of(*call.added);
  }
  XNNIR_RETURN_IF_ERROR(resize_output(*call.out, call.sizes));
  XNNIR_RETURN_IF_ERROR(out.prepare(*call.out));
  if (call.out->numel() == 0)
    return {};
  const MatrixProduct<T> product = {call.batch, call.rows,  call.columns, call.depth,
                                    a.data(),   call.batch, out.data()};
  multiply(context.threads(), product, b.data(), call.b_repeated ? 0 : call.depth * call.columns,
           call.b_transposed ? 1 : call.columns, call.b_transposed ? call.depth : 1);
  if (call.added != nullptr)
    XNNIR_RETURN_IF_ERROR(add(context, call, added_sizes, added.data(), out.data()));
  return out.store(context);
}

// Checks what the operators have in common.
Status matmul(KernelContext &context, const Call &call) {
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*call.a, *call.out));
  if (call.b->dtype() != call.a->dtype())
    return make_status(StatusCode::kInvalidType, "the matrices have dtypes %s and %s, expected one",
                       to_string(call.a->dtype()), to_string(call.b->dtype()));
  return with_real_type(call.a->dtype(), "self",
                        [&](auto type) { return run<decltype(type)>(context, call); });
}

Status expect_rank(const Tensor &tensor, size_t rank, const char *name) {
  if (tensor.rank() != rank)
    return make_status(StatusCode::kInvalidArgument, "%s has rank %zu, expected %zu", name, tensor.rank(),
                       rank);
  return {};
}

Status expect_depth(const Tensor &b, size_t dim, size_t depth, const char *name) {
  if (static_cast<size_t>(b.sizes()[dim]) != depth)
    return make_status(StatusCode::kInvalidArgument, "%s has size %d in dimension %zu, expected %zu", name,
                       b.sizes()[dim], dim, depth);
  return {};
}

size_t size_at(const Tensor &tensor, size_t dim) { return static_cast<size_t>(tensor.sizes()[dim]); }

// A product of matrices (rank 2), of batches of them (rank 3), or of a matrix and a vector. `rank` is that of
// `a`.
Status multiply_ranks(KernelContext &context, Call call, size_t rank, bool by_vector) {
  XNNIR_RETURN_IF_ERROR(expect_rank(*call.a, rank, "the left-hand matrix"));
  XNNIR_RETURN_IF_ERROR(expect_rank(*call.b, by_vector ? 1 : rank, "the right-hand side"));
  call.batch = rank == 3 ? size_at(*call.a, 0) : 1;
  call.rows = rank == 1 ? 1 : size_at(*call.a, rank - 2);
  call.depth = size_at(*call.a, rank - 1);
  if (rank == 3)
    XNNIR_RETURN_IF_ERROR(expect_depth(*call.b, 0, call.batch, "the right-hand side"));
  XNNIR_RETURN_IF_ERROR(expect_depth(*call.b, by_vector ? 0 : rank - 2, call.depth, "the right-hand side"));
  call.columns = by_vector ? 1 : size_at(*call.b, rank - 1);
  // A vector lies as a matrix of one row that is transposed.
  call.b_transposed = by_vector;
  if (rank == 3)
    call.sizes.append(static_cast<int64_t>(call.batch));
  if (rank >= 2)
    call.sizes.append(static_cast<int64_t>(call.rows));
  if (!by_vector)
    call.sizes.append(static_cast<int64_t>(call.columns));
  return matmul(context, call);
}

// mm.out(self, mat2, out), bmm.out, mv.out, dot.out
template <size_t kRank, bool kByVector> Status mm_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  Call call;
  call.a = arguments.tensor(0, "self");
  call.b = arguments.tensor(1, "mat2");
  call.out = arguments.output(2);
  return arguments.ok() ? multiply_ranks(context, call, kRank, kByVector) : arguments.status();
}

// addmm.out(self, mat1, mat2, beta, alpha, out), baddbmm.out, addmv.out
template <size_t kRank, bool kByVector> Status addmm_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 7);
  Call call;
  call.added = arguments.tensor(0, "self");
  call.a = arguments.tensor(1, "mat1");
  call.b = arguments.tensor(2, "mat2");
  call.beta = arguments.scalar(3, "beta");
  call.alpha = arguments.scalar(4, "alpha");
  call.out = arguments.output(5);
  if (!arguments.ok())
    return arguments.status();
  if (is_integral(call.a->dtype()) &&
      (call.alpha != std::nearbyint(call.alpha) || call.beta != std::nearbyint(call.beta) ||
       std::fabs(call.alpha) > 0x1p53 || std::fabs(call.beta) > 0x1p53))
    return make_status(StatusCode::kInvalidArgument,
                       "alpha and beta are %g and %g, expected integers for tensors of integers", call.alpha,
                       call.beta);
  return multiply_ranks(context, call, kRank, kByVector);
}

// linear.out(input, weight, bias?, out): input [..., depth], weight [columns, depth].
Status linear_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  Call call;
  call.a = arguments.tensor(0, "input");
  call.b = arguments.tensor(1, "weight");
  call.added = arguments.optional_tensor(2, "bias");
  call.out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(expect_rank(*call.b, 2, "weight"));
  const size_t rank = call.a->rank();
  if (rank == 0)
    return make_status(StatusCode::kInvalidArgument, "input is a scalar, expected at least one dimension");
  call.depth = size_at(*call.a, rank - 1);
  XNNIR_RETURN_IF_ERROR(expect_depth(*call.b, 1, call.depth, "weight"));
  call.columns = size_at(*call.b, 0);
  call.b_transposed = true;
  call.b_repeated = true;
  for (size_t i = 0; i + 1 < rank; ++i) {
    call.rows *= size_at(*call.a, i);
    call.sizes.append(call.a->sizes()[i]);
  }
  call.sizes.append(static_cast<int64_t>(call.columns));
  return matmul(context, call);
}

const KernelRegistration kMm("aten::mm.out", mm_out<2, false>);
const KernelRegistration kBmm("aten::bmm.out", mm_out<3, false>);
const KernelRegistration kMv("aten::mv.out", mm_out<2, true>);
const KernelRegistration kDot("aten::dot.out", mm_out<1, true>);
const KernelRegistration kAddmm("aten::addmm.out", addmm_out<2, false>);
const KernelRegistration kBaddbmm("aten::baddbmm.out", addmm_out<3, false>);
const KernelRegistration kAddmv("aten::addmv.out", addmm_out<2, true>);
const KernelRegistration kLinear("aten::linear.out", linear_out);

} // namespace

} // namespace xnnir
