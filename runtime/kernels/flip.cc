// aten::flip.out and aten::roll.out: elements in another order along some dimensions.
#include "kernels/dense.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

Status prepare(const Tensor &self, Tensor &out) {
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(self, out));
  return resize_output(out, sizes_of(self));
}

// flip.out(self, dims, out)
Status flip_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims dims = arguments.int_list(1, "dims");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  uint32_t flipped = 0;
  for (size_t i = 0; i < dims.size(); ++i) {
    Result<size_t> dim = normalize_dim(dims[i], self->rank(), "dims");
    if (!dim.ok())
      return dim.status();
    if ((flipped >> *dim & 1) != 0)
      return make_status(StatusCode::kInvalidArgument, "dims has dimension %zu twice", *dim);
    flipped |= 1u << *dim;
  }
  XNNIR_RETURN_IF_ERROR(prepare(*self, *out));
  if (out->numel() == 0)
    return {};
  Dims strides = strides_of(*self);
  int64_t offset = 0;
  for (size_t i = 0; i < self->rank(); ++i) {
    if ((flipped >> i & 1) == 0)
      continue;
    offset += (self->sizes()[i] - 1) * strides[i];
    strides[i] = -strides[i];
  }
  const size_t bytes = element_size(self->dtype());
  strided_copy(context.threads(), bytes, sizes_of(*self),
               self->data_as<uint8_t>() + static_cast<size_t>(offset) * bytes, strides, out->data(),
               strides_of(*out));
  return {};
}

// A copy in which element i of each dimension goes to i + shift, those beyond the end to the beginning: each
// shifted dimension falls into two parts.
class Roll {
public:
  Roll(KernelContext &context, const Tensor &self, const Tensor &out, const Dims &sizes,
       const Dims &in_strides, const Dims &out_strides, const Dims &shifts)
      : context_(context), bytes_(element_size(self.dtype())), in_(self.data_as<uint8_t>()),
        out_(out.data_as<uint8_t>()), sizes_(sizes), in_strides_(in_strides), out_strides_(out_strides),
        shifts_(shifts) {}

  void run() { copy_parts(0, sizes_, 0, 0); }

private:
  void copy_parts(size_t dim, Dims sizes, int64_t in, int64_t out) {
    while (dim < sizes.size() && shifts_[dim] == 0)
      ++dim;
    if (dim == sizes.size()) {
      strided_copy(context_.threads(), bytes_, sizes, in_ + static_cast<size_t>(in) * bytes_, in_strides_,
                   out_ + static_cast<size_t>(out) * bytes_, out_strides_);
      return;
    }
    const int64_t shift = shifts_[dim];
    const int64_t kept = sizes_[dim] - shift;
    sizes[dim] = kept;
    copy_parts(dim + 1, sizes, in, out + shift * out_strides_[dim]);
    sizes[dim] = shift;
    copy_parts(dim + 1, sizes, in + kept * in_strides_[dim], out);
  }

  KernelContext &context_;
  size_t bytes_;
  const uint8_t *in_;
  uint8_t *out_;
  Dims sizes_;
  Dims in_strides_;
  Dims out_strides_;
  Dims shifts_;
};

// Between 0 and size - 1.
int64_t wrap(int64_t shift, int64_t size) { return (shift % size + size) % size; }

// roll.out(self, shifts, dims, out); without dims the tensor is rolled as if it were flat.
Status roll_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *self = arguments.tensor(0, "self");
  const Dims shifts = arguments.int_list(1, "shifts");
  const Dims dims = arguments.int_list(2, "dims");
  Tensor *out = arguments.output(3);
  if (!arguments.ok())
    return arguments.status();
  const bool flat = dims.size() == 0;
  if (shifts.size() != (flat ? 1 : dims.size()))
    return make_status(StatusCode::kInvalidArgument, "shifts has %zu entries, expected %zu, as dims has",
                       shifts.size(), flat ? 1 : dims.size());
  XNNIR_RETURN_IF_ERROR(prepare(*self, *out));
  if (out->numel() == 0)
    return {};
  if (flat) {
    if (!is_contiguous(*self) || !is_contiguous(*out))
      return make_status(StatusCode::kNotSupported,
                         "without dims, self and out must be contiguous, but a dim_order is permuted");
    Dims length;
    length.append(static_cast<int64_t>(self->numel()));
    Dims step;
    step.append(1);
    Dims shift;
    shift.append(wrap(shifts[0], length[0]));
    Roll(context, *self, *out, length, step, step, shift).run();
    return {};
  }
  const Dims sizes = sizes_of(*self);
  Dims total;
  for (size_t i = 0; i < sizes.size(); ++i)
    total.append(0);
  for (size_t i = 0; i < dims.size(); ++i) {
    Result<size_t> dim = normalize_dim(dims[i], self->rank(), "dims");
    if (!dim.ok())
      return dim.status();
    if (self->rank() > 0)
      total[*dim] = (total[*dim] + wrap(shifts[i], sizes[*dim])) % sizes[*dim];
  }
  Roll(context, *self, *out, sizes, strides_of(*self), strides_of(*out), total).run();
  return {};
}

const KernelRegistration kFlip("aten::flip.out", flip_out);
const KernelRegistration kRoll("aten::roll.out", roll_out);

} // namespace

} // namespace xnnir
