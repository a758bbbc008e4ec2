// aten::{bucketize,searchsorted,isin}: where numbers stand among others.
#include "kernels/binary.h"
#include "kernels/convert_blocks.h"

namespace xnnir {

namespace {

// Sorted numbers of any dtype, read one by one as T.
struct Sorted {
  const uint8_t *data;
  ScalarType dtype;
  int64_t count;

  template <typename T> T at(int64_t index) const {
    T value;
    load_function(dtype, block_type_of<T>())(data + static_cast<size_t>(index) * element_size(dtype), 1, 1,
                                             &value);
    return value;
  }

  // The first place whose number is not below `value` or, to the `right`, is above it. NaN stands behind all.
  template <typename T> int64_t find(T value, bool right) const {
    int64_t low = 0;
    int64_t high = count;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      const T number = at<T>(middle);
      if (right ? number > value : number >= value)
        high = middle;
      else
        low = middle + 1;
    }
    return low;
  }
};

Status check_place_dtype(bool out_int32, const Tensor &out) {
  const ScalarType expected = out_int32 ? ScalarType::kInt : ScalarType::kLong;
  return out.dtype() == expected ? Status()
                                 : make_status(StatusCode::kInvalidType, "out has dtype %s, expected %s",
                                               to_string(out.dtype()), to_string(expected));
}

Status check_contiguous(const Tensor &tensor, const char *name) {
  for (size_t i = 0; i < tensor.rank(); ++i)
    if (tensor.dim_order()[i] != i)
      return make_status(StatusCode::kNotSupported, "%s must be contiguous, but its dim_order is permuted",
                         name);
  return {};
}

// The places of all of `values` in one row of numbers.
Status find_all(KernelContext &context, const Tensor &boundaries, Operand &values, bool right, Tensor &out) {
  ResultType result;
  result.add(boundaries);
  values.add_to(result);
  Result<ScalarType> common = result.type();
  if (!common.ok())
    return common.status();
  if (load_function(boundaries.dtype(), BlockType::kInt64) == nullptr)
    return make_status(StatusCode::kNotSupported, "there is no arithmetic on %s",
                       to_string(boundaries.dtype()));
  const Sorted sorted = {boundaries.data_as<uint8_t>(), boundaries.dtype(),
                         static_cast<int64_t>(boundaries.numel())};
  return elementwise<1>(context, AnyCompute{}, {*common, out.dtype()}, {values.input(*common, true)}, out,
                        [=](auto value) { return sorted.find(value, right); });
}

// bucketize(self, boundaries, out_int32, right, out)
Status bucketize_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  Operand self(arguments, args, 0, "self");
  const Tensor *boundaries = arguments.tensor(1, "boundaries");
  const bool out_int32 = arguments.boolean(2, "out_int32");
  const bool right = arguments.boolean(3, "right");
  Tensor *out = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check_place_dtype(out_int32, *out));
  if (boundaries->rank() != 1)
    return make_status(StatusCode::kInvalidArgument, "boundaries has rank %zu, expected 1",
                       boundaries->rank());
  return find_all(context, *boundaries, self, right, *out);
}

// Rows of values in rows of sorted numbers: all sizes but the last are the same.
Status find_rows(const Tensor &sequence, const Tensor &values, bool right, Tensor &out) {
  bool same = sequence.rank() == values.rank() && sequence.rank() > 0;
  for (size_t i = 0; same && i + 1 < sequence.rank(); ++i)
    same = sequence.sizes()[i] == values.sizes()[i];
  if (!same)
    return make_status(StatusCode::kInvalidArgument,
                       "sorted_sequence has rank %zu, expected 1, or the sizes of self but for the last",
                       sequence.rank());
  XNNIR_RETURN_IF_ERROR(check_contiguous(sequence, "sorted_sequence"));
  XNNIR_RETURN_IF_ERROR(check_contiguous(values, "self"));
  XNNIR_RETURN_IF_ERROR(check_contiguous(out, "out"));
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(sequence, values));
  XNNIR_RETURN_IF_ERROR(resize_output(out, sizes_of(values)));
  if (values.numel() == 0)
    return {};
  const auto length = static_cast<size_t>(sequence.sizes()[sequence.rank() - 1]);
  const auto columns = static_cast<size_t>(values.sizes()[values.rank() - 1]);
  return dtype_switch(RealTypes{}, values.dtype(), "self", [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (size_t i = 0; i < values.numel(); ++i) {
      const size_t row = i / columns;
      const Sorted sorted = {sequence.data_as<uint8_t>() + row * length * sizeof(T), sequence.dtype(),
                             static_cast<int64_t>(length)};
      const auto value = widen(values.data_as<T>()[i]);
      int64_t place = 0;
      if constexpr (std::is_integral_v<T>)
        place = sorted.find(static_cast<int64_t>(value), right);
      else
        place = sorted.find(value, right);
      if (out.dtype() == ScalarType::kInt)
        out.data_as<int32_t>()[i] = static_cast<int32_t>(place);
      else
        out.data_as<int64_t>()[i] = place;
    }
  });
}

// searchsorted(sorted_sequence, self, out_int32, right, side, sorter, out)
Status searchsorted_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 8);
  const Tensor *sequence = arguments.tensor(0, "sorted_sequence");
  Operand self(arguments, args, 1, "self");
  const bool out_int32 = arguments.boolean(2, "out_int32");
  const bool right = arguments.boolean(3, "right");
  const std::string side = arguments.text(4, "side");
  const Tensor *sorter = arguments.optional_tensor(5, "sorter");
  Tensor *out = arguments.output(6);
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(check_place_dtype(out_int32, *out));
  if (sorter != nullptr)
    return make_status(StatusCode::kNotSupported,
                       "sorter is a tensor, expected None: sort the sequence first");
  if (!side.empty() && side != "left" && side != "right")
    return make_status(StatusCode::kInvalidArgument, "side is '%s', expected left or right", side.c_str());
  const bool to_right = right || side == "right";
  if (sequence->rank() == 1)
    return find_all(context, *sequence, self, to_right, *out);
  if (self.is_number())
    return make_status(StatusCode::kInvalidArgument, "sorted_sequence has rank %zu, expected 1 for a number",
                       sequence->rank());
  return find_rows(*sequence, std::get<Tensor>(*args[1]), to_right, *out);
}

// isin(elements, test_elements, assume_unique, invert, out)
Status isin_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  Operand elements(arguments, args, 0, "elements");
  Operand tests(arguments, args, 1, "test_elements");
  const bool invert = arguments.boolean(3, "invert");
  Tensor *out = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  ResultType result;
  elements.add_to(result);
  tests.add_to(result);
  Result<ScalarType> common = result.type();
  if (!common.ok())
    return common.status();
  const ElementwiseInput among = tests.input(*common, true);
  const Sorted set = {static_cast<const uint8_t *>(among.data), among.dtype,
                      tests.is_number() ? 1 : static_cast<int64_t>(std::get<Tensor>(*args[1]).numel())};
  if (load_function(set.dtype, BlockType::kInt64) == nullptr)
    return make_status(StatusCode::kNotSupported, "there is no arithmetic on %s", to_string(set.dtype));
  return elementwise<1>(context, AnyCompute{}, {*common, ScalarType::kBool}, {elements.input(*common, true)},
                        *out, [=](auto element) {
                          for (int64_t i = 0; i < set.count; ++i)
                            if (set.at<decltype(element)>(i) == element)
                              return !invert;
                          return invert;
                        });
}

const KernelRegistration kBucketize("aten::bucketize.Tensor_out", bucketize_out);
const KernelRegistration kBucketizeScalar("aten::bucketize.Scalar_out", bucketize_out);
const KernelRegistration kSearchsorted("aten::searchsorted.Tensor_out", searchsorted_out);
const KernelRegistration kSearchsortedScalar("aten::searchsorted.Scalar_out", searchsorted_out);
const KernelRegistration kIsin("aten::isin.Tensor_Tensor_out", isin_out);
const KernelRegistration kIsinScalar("aten::isin.Tensor_Scalar_out", isin_out);
const KernelRegistration kIsinOfScalar("aten::isin.Scalar_Tensor_out", isin_out);

} // namespace

} // namespace xnnir
