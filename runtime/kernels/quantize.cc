// quantized_decomposed::{quantize,dequantize}_per_{tensor,channel,channel_group,token}: integers for numbers
// and back, to the last bit as PyTorch computes them (torch/ao/quantization/fx/_decomposed.py). A number is
// scale * (integer - zero point); integers are rounded to nearest, ties to even, and kept between quant_min
// and quant_max.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/dense.h"
#include "kernels/dtype_switch.h"
#include "kernels/parallel.h"

namespace xnnir {

namespace {

// Integers that are quantised to. int64 stands for any of them where a tensor is not in row-major order.
using CodeTypes = TypeList<int8_t, uint8_t, int16_t, uint16_t, int32_t>;

// What PyTorch rounds, and when.
enum class Order { kRoundThenShift, kShiftThenRound };

// Scales and zero points, one for each slice of elements: element i is of slice i / inner % slices.
template <typename T> struct Coding {
  DenseInput<T> scale_tensor;
  DenseInput<double> zero_point_tensor;
  double scale = 1; // where there is one for all, as a number
  double zero_point = 0;
  bool is_number = false;
  bool has_zero_points = true;
  size_t slices = 1;
  size_t inner = 1;

  T scale_of(size_t slice) const { return is_number ? static_cast<T>(scale) : scale_tensor.data()[slice]; }
  // 1 / scale is computed in double where the scale is a number.
  T inverse_of(size_t slice) const {
    return is_number ? static_cast<T>(1.0 / scale) : T(1) / scale_tensor.data()[slice];
  }
  double zero_point_of(size_t slice) const {
    if (is_number)
      return zero_point;
    return has_zero_points ? zero_point_tensor.data()[slice] : 0;
  }
};

// Calls run(first, last, slice) for the runs of elements in [start, start + count) that are of one slice.
template <typename T, typename Run>
void for_each_run(const Coding<T> &coding, size_t start, size_t count, const Run &run) {
  const size_t end = start + count;
  for (size_t i = start; i < end;) {
    const size_t block = i / coding.inner;
    const size_t last = std::min(end, (block + 1) * coding.inner);
    run(i, last, block % coding.slices);
    i = last;
  }
}

Status resize_like(Tensor &out, const Tensor &input) {
  Dims sizes;
  for (size_t dim = 0; dim < input.rank(); ++dim)
    sizes.append(input.sizes()[dim]);
  return resize_output(out, sizes);
}

// As PyTorch casts what is in range; what is no number becomes 0, and the ends of int32, which floats do not
// hold, the nearest.
template <typename Code, typename T> Code to_code(T value) {
  if (value != value)
    return 0;
  if constexpr (sizeof(Code) >= sizeof(int32_t)) {
    const double wide = static_cast<double>(value);
    return static_cast<Code>(std::min(std::max(wide, -0x1p31), 0x1p31 - 1));
  } else {
    return static_cast<Code>(static_cast<int32_t>(value));
  }
}

template <typename Code, Order kOrder, typename T>
void quantize_elements(KernelContext &context, const T *in, const Coding<T> &coding, T low, T high,
                       size_t numel, Code *out) {
  parallel_for(context.threads(), numel, 4, [&](size_t start, size_t count) {
    for_each_run(coding, start, count, [&](size_t first, size_t last, size_t slice) {
      const T inverse = coding.inverse_of(slice);
      const T zero_point = static_cast<T>(coding.zero_point_of(slice));
      for (size_t i = first; i < last; ++i) {
        const T scaled = in[i] * inverse;
        const T code = kOrder == Order::kRoundThenShift ? std::nearbyint(scaled) + zero_point
                                                        : std::nearbyint(scaled + zero_point);
        const T capped = high < code ? high : code;
        out[i] = to_code<Code>(capped < low ? low : capped);
      }
    });
  });
}

// The bounds of the integers, which must be of out's dtype.
struct Bounds {
  int64_t low = 0;
  int64_t high = 0;
};

template <typename Code> Status check_bounds(const Bounds &bounds) {
  const auto least = static_cast<long long>(std::numeric_limits<Code>::min());
  const auto most = static_cast<long long>(std::numeric_limits<Code>::max());
  if (bounds.low < least || bounds.high > most || bounds.low > bounds.high)
    return make_status(StatusCode::kInvalidArgument,
                       "quant_min and quant_max are %lld and %lld, expected a range within %lld to %lld",
                       static_cast<long long>(bounds.low), static_cast<long long>(bounds.high), least, most);
  return {};
}

template <Order kOrder, typename T>
Status quantize(KernelContext &context, const Tensor &input, const Coding<T> &coding, const Bounds &bounds,
                Tensor &out) {
  if (!is_floating(input.dtype()))
    return make_status(StatusCode::kInvalidType, "input has dtype %s, expected floats",
                       to_string(input.dtype()));
  DenseInput<T> in;
  XNNIR_RETURN_IF_ERROR(in.read(context, input));
  XNNIR_RETURN_IF_ERROR(resize_like(out, input));
  const T low = static_cast<T>(bounds.low), high = static_cast<T>(bounds.high);
  return dtype_switch(CodeTypes{}, out.dtype(), "out", [&](auto tag) -> Status {
    using Code = typename decltype(tag)::type;
    XNNIR_RETURN_IF_ERROR(check_bounds<Code>(bounds));
    if (is_contiguous(out)) {
      quantize_elements<Code, kOrder>(context, in.data(), coding, low, high, input.numel(),
                                      out.data_as<Code>());
      return {};
    }
    DenseOutput<int64_t> result;
    XNNIR_RETURN_IF_ERROR(result.prepare(out));
    quantize_elements<int64_t, kOrder>(context, in.data(), coding, low, high, input.numel(), result.data());
    return result.store(context);
  });
}

// `Step` is the type that PyTorch rounds each result to.
template <typename Step, typename Code, typename T>
void dequantize_elements(KernelContext &context, const Code *in, const Coding<T> &coding, size_t numel,
                         T *out) {
  const auto rounded = [](T value) { return static_cast<T>(widen(element_cast<Step>(value))); };
  parallel_for(context.threads(), numel, 4, [&](size_t start, size_t count) {
    for_each_run(coding, start, count, [&](size_t first, size_t last, size_t slice) {
      const T scale = coding.scale_of(slice);
      const double zero_point = coding.zero_point_of(slice);
      if (coding.is_number) {
        // Both are floats before one goes off the other.
        const T shift = rounded(static_cast<T>(zero_point));
        for (size_t i = first; i < last; ++i)
          out[i] = rounded(rounded(rounded(static_cast<T>(in[i])) - shift) * scale);
      } else {
        for (size_t i = first; i < last; ++i)
          out[i] = static_cast<T>(static_cast<double>(in[i]) - zero_point) * scale;
      }
    });
  });
}

template <typename Step, typename T>
Status dequantize_as(KernelContext &context, const Tensor &input, const Coding<T> &coding, Tensor &out) {
  XNNIR_RETURN_IF_ERROR(resize_like(out, input));
  DenseOutput<T> result;
  XNNIR_RETURN_IF_ERROR(result.prepare(out));
  XNNIR_RETURN_IF_ERROR(dtype_switch(CodeTypes{}, input.dtype(), "input", [&](auto tag) -> Status {
    using Code = typename decltype(tag)::type;
    if (is_contiguous(input)) {
      dequantize_elements<Step>(context, input.data_as<Code>(), coding, input.numel(), result.data());
      return {};
    }
    DenseInput<int64_t> in;
    XNNIR_RETURN_IF_ERROR(in.read(context, input));
    dequantize_elements<Step>(context, in.data(), coding, input.numel(), result.data());
    return {};
  }));
  return result.store(context);
}

template <typename T>
Status dequantize(KernelContext &context, const Tensor &input, const Coding<T> &coding, Tensor &out) {
  switch (out.dtype()) {
  case ScalarType::kHalf:
    return dequantize_as<Half>(context, input, coding, out);
  case ScalarType::kBFloat16:
    return dequantize_as<BFloat16>(context, input, coding, out);
  case ScalarType::kFloat:
  case ScalarType::kDouble:
    return dequantize_as<T>(context, input, coding, out);
  default:
    return make_status(StatusCode::kInvalidType, "out has dtype %s, expected floats", to_string(out.dtype()));
  }
}

Status read_scale(KernelContext &context, const Tensor &tensor, const char *name, double &value) {
  if (tensor.numel() != 1)
    return make_status(StatusCode::kInvalidArgument, "%s has %zu elements, expected 1", name, tensor.numel());
  DenseInput<double> number;
  XNNIR_RETURN_IF_ERROR(number.read(context, tensor));
  value = number.data()[0];
  return {};
}

// The scale and the zero point of all elements, as numbers or as tensors of one.
template <bool kTensors, typename T>
Status read_one(KernelContext &context, Arguments &arguments, const Tensor &input, Coding<T> &coding) {
  coding.is_number = true;
  coding.inner = std::max<size_t>(input.numel(), 1);
  if constexpr (!kTensors) {
    coding.scale = arguments.scalar(1, "scale");
    coding.zero_point = static_cast<double>(arguments.integer(2, "zero_point"));
    return arguments.status();
  }
  const Tensor *scale = arguments.tensor(1, "scale");
  const Tensor *zero_point = arguments.tensor(2, "zero_point");
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(read_scale(context, *scale, "scale", coding.scale));
  return read_scale(context, *zero_point, "zero_point", coding.zero_point);
}

// Reads scales and zero points of which there are coding.slices.
template <typename T>
Status read_several(KernelContext &context, const Tensor &scales, const Tensor *zero_points,
                    Coding<T> &coding) {
  for (const Tensor *tensor : {&scales, zero_points})
    if (tensor != nullptr && tensor->numel() != coding.slices)
      return make_status(StatusCode::kInvalidArgument, "%s has %zu elements, expected %zu",
                         tensor == &scales ? "scales" : "zero_points", tensor->numel(), coding.slices);
  XNNIR_RETURN_IF_ERROR(coding.scale_tensor.read(context, scales));
  coding.has_zero_points = zero_points != nullptr;
  return coding.has_zero_points ? coding.zero_point_tensor.read(context, *zero_points) : Status();
}

// Where the scales of a call are: at slices of one dimension, at groups of the last, or at the rest of them.
enum class Slices { kChannel, kGroup, kToken };

template <Slices kSlices, typename T>
Status shape_slices(const Tensor &input, size_t axis, int64_t group_size, Coding<T> &coding) {
  const size_t rank = input.rank();
  if (rank == 0)
    return make_status(StatusCode::kInvalidArgument, "input has no dimension to have scales");
  const auto last = static_cast<size_t>(input.sizes()[rank - 1]);
  if constexpr (kSlices == Slices::kChannel) {
    coding.slices = static_cast<size_t>(input.sizes()[axis]);
    for (size_t dim = axis + 1; dim < rank; ++dim)
      coding.inner *= static_cast<size_t>(input.sizes()[dim]);
  } else {
    coding.inner = last;
    if (kSlices == Slices::kGroup) {
      if (group_size < 1 || last % static_cast<size_t>(group_size) != 0)
        return make_status(StatusCode::kInvalidArgument,
                           "group_size is %lld, which does not divide the last size, %zu",
                           static_cast<long long>(group_size), last);
      coding.inner = static_cast<size_t>(group_size);
    }
    if (coding.inner > 0) {
      coding.slices = input.numel() / coding.inner;
    } else {
      coding.slices = 1;
      for (size_t dim = 0; dim + 1 < rank; ++dim)
        coding.slices *= static_cast<size_t>(input.sizes()[dim]);
    }
  }
  return {};
}

// Calls visit(coding) with the scales in the type that PyTorch computes in: double where they are doubles.
template <Slices kSlices, typename Visit>
Status with_slices(KernelContext &context, const Tensor &input, const Tensor &scales,
                   const Tensor *zero_points, size_t axis, int64_t group_size, const Visit &visit) {
  const auto read = [&](auto coding) -> Status {
    XNNIR_RETURN_IF_ERROR(shape_slices<kSlices>(input, axis, group_size, coding));
    XNNIR_RETURN_IF_ERROR(read_several(context, scales, zero_points, coding));
    return visit(coding);
  };
  if (scales.dtype() == ScalarType::kDouble)
    return read(Coding<double>());
  return read(Coding<float>());
}

// quantize_per_tensor(input, scale, zero_point, quant_min, quant_max, dtype, out); dtype is out's.
template <bool kTensors> Status quantize_per_tensor_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 8);
  const Tensor *input = arguments.tensor(0, "input");
  const Bounds bounds = {arguments.integer(3, "quant_min"), arguments.integer(4, "quant_max")};
  Tensor *out = arguments.output(6);
  if (!arguments.ok())
    return arguments.status();
  Coding<float> coding;
  XNNIR_RETURN_IF_ERROR(read_one<kTensors>(context, arguments, *input, coding));
  return quantize<Order::kRoundThenShift>(context, *input, coding, bounds, *out);
}

// dequantize_per_tensor(input, scale, zero_point, quant_min, quant_max, dtype, out_dtype, out)
template <bool kTensors> Status dequantize_per_tensor_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 9);
  const Tensor *input = arguments.tensor(0, "input");
  Tensor *out = arguments.output(7);
  if (!arguments.ok())
    return arguments.status();
  const auto run = [&](auto coding) -> Status {
    XNNIR_RETURN_IF_ERROR(read_one<kTensors>(context, arguments, *input, coding));
    return dequantize(context, *input, coding, *out);
  };
  if (out->dtype() == ScalarType::kDouble)
    return run(Coding<double>());
  return run(Coding<float>());
}

// quantize_per_channel(input, scales, zero_points, axis, quant_min, quant_max, dtype, out), and without
// `axis` quantize_per_token(…, out) and quantize_per_channel_group(…, group_size, out)
template <Slices kSlices> Status quantize_slices_out(KernelContext &context, Span<Value *> args) {
  constexpr size_t kFirst = kSlices == Slices::kChannel ? 4 : 3;
  constexpr size_t kOut = kFirst + (kSlices == Slices::kGroup ? 4 : 3);
  Arguments arguments(context, args, kOut + 2);
  const Tensor *input = arguments.tensor(0, "input");
  const Tensor *scales = arguments.tensor(1, "scales");
  const Tensor *zero_points = arguments.tensor(2, "zero_points");
  const size_t axis =
      kSlices == Slices::kChannel && input != nullptr ? arguments.dim(3, "axis", input->rank()) : 0;
  const Bounds bounds = {arguments.integer(kFirst, "quant_min"), arguments.integer(kFirst + 1, "quant_max")};
  const int64_t group_size = kSlices == Slices::kGroup ? arguments.integer(6, "group_size") : 1;
  Tensor *out = arguments.output(kOut);
  if (!arguments.ok())
    return arguments.status();
  return with_slices<kSlices>(context, *input, *scales, zero_points, axis, group_size,
                              [&](const auto &coding) {
                                constexpr Order kOrder = kSlices == Slices::kChannel ? Order::kRoundThenShift
                                                                                     : Order::kShiftThenRound;
                                return quantize<kOrder>(context, *input, coding, bounds, *out);
                              });
}

// dequantize_per_channel(input, scales, zero_points, axis, quant_min, quant_max, dtype, out_dtype, out), and
// without `axis` dequantize_per_token(…, output_dtype, out) and dequantize_per_channel_group(…, group_size,
// output_dtype, out)
template <Slices kSlices> Status dequantize_slices_out(KernelContext &context, Span<Value *> args) {
  constexpr size_t kOut = kSlices == Slices::kToken ? 7 : 8;
  Arguments arguments(context, args, kOut + 2);
  const Tensor *input = arguments.tensor(0, "input");
  const Tensor *scales = arguments.tensor(1, "scales");
  const Tensor *zero_points = arguments.optional_tensor(2, "zero_points");
  const size_t axis =
      kSlices == Slices::kChannel && input != nullptr ? arguments.dim(3, "axis", input->rank()) : 0;
  const int64_t group_size = kSlices == Slices::kGroup ? arguments.integer(6, "group_size") : 1;
  Tensor *out = arguments.output(kOut);
  if (!arguments.ok())
    return arguments.status();
  return with_slices<kSlices>(context, *input, *scales, zero_points, axis, group_size,
                              [&](const auto &coding) { return dequantize(context, *input, coding, *out); });
}

const KernelRegistration kQuantize("quantized_decomposed::quantize_per_tensor.out",
                                   quantize_per_tensor_out<false>);
const KernelRegistration kQuantizeTensor("quantized_decomposed::quantize_per_tensor.Tensor_out",
                                         quantize_per_tensor_out<true>);
const KernelRegistration kDequantize("quantized_decomposed::dequantize_per_tensor.out",
                                     dequantize_per_tensor_out<false>);
const KernelRegistration kDequantizeTensor("quantized_decomposed::dequantize_per_tensor.Tensor_out",
                                           dequantize_per_tensor_out<true>);
const KernelRegistration kQuantizeChannel("quantized_decomposed::quantize_per_channel.out",
                                          quantize_slices_out<Slices::kChannel>);
const KernelRegistration kDequantizeChannel("quantized_decomposed::dequantize_per_channel.out",
                                            dequantize_slices_out<Slices::kChannel>);
const KernelRegistration kQuantizeGroup("quantized_decomposed::quantize_per_channel_group.out",
                                        quantize_slices_out<Slices::kGroup>);
const KernelRegistration kDequantizeGroup("quantized_decomposed::dequantize_per_channel_group.out",
                                          dequantize_slices_out<Slices::kGroup>);
const KernelRegistration kQuantizeToken("quantized_decomposed::quantize_per_token.out",
                                        quantize_slices_out<Slices::kToken>);
const KernelRegistration kDequantizeToken("quantized_decomposed::dequantize_per_token.out",
                                          dequantize_slices_out<Slices::kToken>);

} // namespace

} // namespace xnnir
