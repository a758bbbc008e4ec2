// quantized_decomposed::embedding_byte.out, .dtype_out, embedding_4bit and embedding_2bit: rows of a table
// whose numbers are integers of 8, 4 or 2 bits, with a scale for each row or for each of the equal groups in
// it.
#include "kernels/dense.h"
#include "kernels/dtype_switch.h"
#include "kernels/elements.h"
#include "kernels/indices.h"
#include "kernels/parallel.h"

namespace xnnir {

namespace {

struct Lookup {
  const Tensor *weight = nullptr;
  const Tensor *scales = nullptr;
  const Tensor *zero_points = nullptr; // null for zeros
  const Tensor *indices = nullptr;
  Tensor *out = nullptr;
  Indices index;
  size_t bits = 8;
  size_t row_bytes = 0;
  size_t columns = 0;
  size_t groups = 1; // of a row
};

using ScaleTypes = TypeList<float, Half, BFloat16>;

// Column `i` of a row as it stands in memory. The first of two numbers in a byte is in the high bits, the
// first of four in the low ones, and both are stored with their smallest number as 0.
template <size_t kBits> int32_t column(const uint8_t *row, size_t i, bool is_signed) {
  if constexpr (kBits == 4)
    return static_cast<int32_t>(i % 2 == 0 ? row[i / 2] >> 4 : row[i / 2] & 15) - 8;
  else if constexpr (kBits == 2)
    return static_cast<int32_t>((row[i / 4] >> (2 * (i % 4))) & 3) - 2;
  else
    return is_signed ? static_cast<int8_t>(row[i]) : row[i];
}

template <size_t kBits, typename Scale, typename Out>
Status run(KernelContext &context, const Lookup &lookup) {
  const auto *weight = lookup.weight->data_as<uint8_t>();
  const auto *scales = lookup.scales->data_as<Scale>();
  const auto *zero_points = lookup.zero_points == nullptr ? nullptr : lookup.zero_points->data_as<Scale>();
  auto *out = lookup.out->data_as<Out>();
  const bool is_signed = lookup.weight->dtype() == ScalarType::kChar;
  const size_t group_size = lookup.columns / lookup.groups;
  IndexCheck check(lookup.weight->sizes()[0]);
  parallel_for(context.threads(), lookup.indices->numel(), lookup.columns, [&](size_t start, size_t count) {
    for (size_t i = start; i < start + count; ++i) {
      const int64_t index = lookup.index[static_cast<int64_t>(i)];
      if (!check.accepts(index))
        return;
      const auto place = static_cast<size_t>(index);
      const uint8_t *row = weight + place * lookup.row_bytes;
      Out *result = out + i * lookup.columns;
      for (size_t group = 0; group < lookup.groups; ++group) {
        const float scale = widen(read_element<Scale>(scales + place * lookup.groups + group));
        const float zero_point =
            zero_points == nullptr ? 0.0f
                                   : widen(read_element<Scale>(zero_points + place * lookup.groups + group));
        for (size_t j = group * group_size; j < (group + 1) * group_size; ++j)
          write_element(
              element_cast<Out>((static_cast<float>(column<kBits>(row, j, is_signed)) - zero_point) * scale),
              result + j);
      }
    }
  });
  return check.status("indices");
}

// The sizes of scales, or of zero points: one for each row, or one for each group of each.
Status check_parameters(const Lookup &lookup, const Tensor &parameters, const char *name) {
  if (!is_contiguous(parameters))
    return make_status(StatusCode::kNotSupported, "%s is not in row-major order", name);
  const size_t rank = parameters.rank();
  if (rank != 1 && rank != 2)
    return make_status(StatusCode::kInvalidArgument, "%s has rank %zu, expected 1 or 2", name, rank);
  const int64_t rows = lookup.weight->sizes()[0];
  const int64_t groups = rank == 2 ? parameters.sizes()[1] : 1;
  if (parameters.sizes()[0] != rows || groups != static_cast<int64_t>(lookup.groups))
    return make_status(StatusCode::kInvalidArgument,
                       "%s is for %lld rows of %lld groups, expected %lld of %zu", name,
                       static_cast<long long>(parameters.sizes()[0]), static_cast<long long>(groups),
                       static_cast<long long>(rows), lookup.groups);
  return {};
}

Status check(Lookup &lookup) {
  const Tensor &weight = *lookup.weight;
  const bool is_byte = weight.dtype() == ScalarType::kByte;
  if (!is_byte && (lookup.bits != 8 || weight.dtype() != ScalarType::kChar))
    return make_status(StatusCode::kInvalidType, "weight has dtype %s, expected %s",
                       to_string(weight.dtype()), lookup.bits == 8 ? "int8 or uint8" : "uint8");
  if (weight.rank() != 2)
    return make_status(StatusCode::kInvalidArgument, "weight has rank %zu, expected 2", weight.rank());
  if (!is_contiguous(weight) || !is_contiguous(*lookup.indices))
    return make_status(StatusCode::kNotSupported, "weight or indices is not in row-major order");
  lookup.row_bytes = static_cast<size_t>(weight.sizes()[1]);
  lookup.columns = lookup.row_bytes * (8 / lookup.bits);
  const Tensor &scales = *lookup.scales;
  const int64_t groups = scales.rank() == 2 ? scales.sizes()[1] : 1;
  if (groups < 1 || lookup.columns % static_cast<size_t>(groups) != 0)
    return make_status(StatusCode::kInvalidArgument,
                       "scales has %lld groups, which do not divide %zu columns",
                       static_cast<long long>(groups), lookup.columns);
  lookup.groups = static_cast<size_t>(groups);
  XNNIR_RETURN_IF_ERROR(check_parameters(lookup, scales, "scales"));
  if (lookup.zero_points == nullptr)
    return {};
  if (lookup.zero_points->dtype() != scales.dtype())
    return make_status(StatusCode::kInvalidType, "zero_points has dtype %s, expected %s as scales has",
                       to_string(lookup.zero_points->dtype()), to_string(scales.dtype()));
  return check_parameters(lookup, *lookup.zero_points, "zero_points");
}

// embedding_*(weight, scales, zero_points, quant_min, quant_max, indices, [dtype,] out): the bounds are those
// of the integers that the weight was made with, and change nothing any more.
Status embedding(KernelContext &context, Span<Value *> args, size_t bits, bool has_dtype) {
  Arguments arguments(context, args, has_dtype ? 9 : 8);
  Lookup lookup;
  lookup.bits = bits;
  lookup.weight = arguments.tensor(0, "weight");
  lookup.scales = arguments.tensor(1, "scales");
  lookup.zero_points = arguments.optional_tensor(2, "zero_points");
  lookup.indices = arguments.tensor(5, "indices");
  lookup.out = arguments.output(has_dtype ? 7 : 6);
  const std::optional<ScalarType> dtype =
      has_dtype ? arguments.optional_dtype(6, "dtype") : std::optional<ScalarType>();
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check(lookup));
  Result<Indices> index = Indices::of(*lookup.indices, "indices");
  if (!index.ok())
    return index.status();
  lookup.index = *index;
  const ScalarType wanted = has_dtype && dtype ? *dtype : lookup.scales->dtype();
  if (wanted != lookup.out->dtype())
    return make_status(StatusCode::kInvalidType, "out has dtype %s, expected %s",
                       to_string(lookup.out->dtype()), to_string(wanted));
  if (lookup.indices->rank() == kMaxTensorRank)
    return make_status(StatusCode::kNotSupported, "indices has rank %zu, the largest that there is",
                       lookup.indices->rank());
  Dims sizes;
  for (size_t i = 0; i < lookup.indices->rank(); ++i)
    sizes.append(lookup.indices->sizes()[i]);
  sizes.append(static_cast<int64_t>(lookup.columns));
  XNNIR_RETURN_IF_ERROR(resize_output(*lookup.out, sizes));
  if (!is_contiguous(*lookup.out))
    return make_status(StatusCode::kNotSupported, "out is not in row-major order");
  return dtype_switch(ScaleTypes{}, lookup.scales->dtype(), "scales", [&](auto scale) {
    return dtype_switch(ScaleTypes{}, lookup.out->dtype(), "out", [&](auto result) {
      using Scale = typename decltype(scale)::type;
      using Out = typename decltype(result)::type;
      if (bits == 8)
        return run<8, Scale, Out>(context, lookup);
      return bits == 4 ? run<4, Scale, Out>(context, lookup) : run<2, Scale, Out>(context, lookup);
    });
  });
}

template <size_t kBits, bool kHasDtype> Status embedding_out(KernelContext &context, Span<Value *> args) {
  return embedding(context, args, kBits, kHasDtype);
}

const KernelRegistration kByte("quantized_decomposed::embedding_byte.out", embedding_out<8, false>);
const KernelRegistration kByteDtype("quantized_decomposed::embedding_byte.dtype_out", embedding_out<8, true>);
const KernelRegistration k4Bit("quantized_decomposed::embedding_4bit.out", embedding_out<4, false>);
const KernelRegistration k4BitDtype("quantized_decomposed::embedding_4bit.dtype_out", embedding_out<4, true>);
const KernelRegistration k2Bit("quantized_decomposed::embedding_2bit.out", embedding_out<2, false>);
const KernelRegistration k2BitDtype("quantized_decomposed::embedding_2bit.dtype_out", embedding_out<2, true>);

} // namespace

} // namespace xnnir
