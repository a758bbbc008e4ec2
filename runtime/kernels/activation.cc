// aten::{gelu,silu,hardswish,...}: the activations of neural networks.
#include <cmath>

#include "kernels/float_blocks.h"
#include "kernels/unary.h"

namespace xnnir {

namespace {

template <typename T> T sigmoid(T x) { return 1 / (1 + std::exp(-x)); }

// gelu(self, approximate, out)
Status gelu_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 4);
  const std::string approximate = call.arguments.text(1, "approximate");
  if (!call.arguments.ok())
    return call.arguments.status();
  if (approximate == "none")
    return call.run(
        FloatCompute{},
        [](auto x) {
          using T = decltype(x);
          return x * T{0.5} * (1 + std::erf(x * static_cast<T>(0.70710678118654752440)));
        },
        float_block(FloatFunction::kGelu));
  if (approximate == "tanh")
    return call.run(
        FloatCompute{},
        [](auto x) {
          using T = decltype(x);
          // sqrt(2 / pi)
          const T inner = static_cast<T>(0.79788456080286535588) * (x + static_cast<T>(0.044715) * x * x * x);
          return x * T{0.5} * (1 + std::tanh(inner));
        },
        float_block(FloatFunction::kGeluTanh));
  return make_status(StatusCode::kInvalidArgument, "approximate is '%s', expected none or tanh",
                     approximate.c_str());
}

// hardsigmoid, hardswish, silu, mish and log_sigmoid are called (self, out).
Status hardsigmoid_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3)
      .run(
          FloatCompute{},
          [](auto x) {
            using T = decltype(x);
            const T shifted = x + 3;
            return (shifted < 0 ? T{0} : shifted > 6 ? T{6} : shifted) / 6;
          },
          float_block(FloatFunction::kHardsigmoid));
}
Status hardswish_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3)
      .run(
          FloatCompute{},
          [](auto x) {
            using T = decltype(x);
            const T shifted = x + 3;
            return x * ((shifted < 0 ? T{0} : shifted > 6 ? T{6} : shifted) / 6);
          },
          float_block(FloatFunction::kHardswish));
}
Status silu_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3)
      .run(
          FloatCompute{}, [](auto x) { return x / (1 + std::exp(-x)); }, float_block(FloatFunction::kSilu));
}
Status mish_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3).run(FloatCompute{}, [](auto x) {
    return x * std::tanh(std::log1p(std::exp(x)));
  });
}
Status log_sigmoid_out(KernelContext &context, Span<Value *> args) {
  return UnaryCall(context, args, 3).run(FloatCompute{}, [](auto x) {
    using T = decltype(x);
    return (x < 0 ? x : x != x ? x : T{0}) - std::log1p(std::exp(-std::abs(x)));
  });
}

// leaky_relu(self, negative_slope, out)
Status leaky_relu_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 4);
  const double slope = call.arguments.scalar(1, "negative_slope");
  return call.run(FloatCompute{},
                  [slope](auto x) { return x > 0 ? x : x * static_cast<decltype(x)>(slope); });
}

// elu(self, alpha, scale, input_scale, out)
Status elu_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 6);
  const double alpha = call.arguments.scalar(1, "alpha");
  const double scale = call.arguments.scalar(2, "scale");
  const double input_scale = call.arguments.scalar(3, "input_scale");
  return call.run(FloatCompute{}, [=](auto x) {
    using T = decltype(x);
    return x > 0 ? x * static_cast<T>(scale)
                 : std::expm1(x * static_cast<T>(input_scale)) * static_cast<T>(alpha * scale);
  });
}

// celu(self, alpha, out)
Status celu_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 4);
  const double alpha = call.arguments.scalar(1, "alpha");
  if (call.arguments.ok() && alpha == 0)
    return make_status(StatusCode::kInvalidArgument, "alpha is 0, expected another number");
  return call.run(FloatCompute{}, [alpha](auto x) {
    using T = decltype(x);
    return x > 0 ? x : std::expm1(x / static_cast<T>(alpha)) * static_cast<T>(alpha);
  });
}

// softplus(self, beta, threshold, out): linear where beta * x is above the threshold.
Status softplus_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 5);
  const double beta = call.arguments.scalar(1, "beta");
  const double threshold = call.arguments.scalar(2, "threshold");
  return call.run(FloatCompute{}, [=](auto x) {
    using T = decltype(x);
    const T scaled = x * static_cast<T>(beta);
    return scaled > static_cast<T>(threshold) ? x : std::log1p(std::exp(scaled)) / static_cast<T>(beta);
  });
}

// threshold(self, threshold, value, out)
Status threshold_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 5);
  const Scalar bound = call.arguments.scalar_value(1, "threshold");
  const LoopScalar value(call.arguments.scalar_value(2, "value"));
  if (!call.arguments.ok())
    return call.arguments.status();
  const LoopScalar threshold(cast_scalar(bound, call.self->dtype()));
  return call.run(AnyCompute{}, [=](auto x) {
    using T = decltype(x);
    return x <= threshold.to<T>() ? value.to<T>() : x;
  });
}

// hardshrink(self, lambd, out)
Status hardshrink_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 4);
  const double lambd = call.arguments.scalar(1, "lambd");
  return call.run(FloatCompute{}, [lambd](auto x) {
    using T = decltype(x);
    return x >= static_cast<T>(-lambd) && x <= static_cast<T>(lambd) ? T{0} : x;
  });
}

// softshrink(self, lambd, out)
Status softshrink_out(KernelContext &context, Span<Value *> args) {
  UnaryCall call(context, args, 4);
  const double lambd = call.arguments.scalar(1, "lambd");
  return call.run(FloatCompute{}, [lambd](auto x) {
    using T = decltype(x);
    const T bound = static_cast<T>(lambd);
    return x > bound ? x - bound : x < -bound ? x + bound : x * 0;
  });
}

// glu(self, dim, out): the first half along `dim` times the sigmoid of the second.
Status glu_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  if (self->rank() == 0 || self->sizes()[dim] % 2 != 0)
    return make_status(StatusCode::kInvalidArgument,
                       "self has size %d in dimension %zu, expected an even one",
                       self->rank() == 0 ? 1 : self->sizes()[dim], dim);
  ElementwiseInput first(self);
  first.sizes[dim] /= 2;
  ElementwiseInput second = first;
  const auto half = static_cast<size_t>(first.sizes[dim] * first.strides[dim]);
  if (self->numel() > 0)
    second.data = self->data_as<uint8_t>() + half * element_size(self->dtype());
  return elementwise<2>(context, FloatCompute{}, {self->dtype(), self->dtype()}, {first, second}, *out,
                        [](auto a, auto b) { return a * sigmoid(b); });
}

const KernelRegistration kGelu("aten::gelu.out", gelu_out);
const KernelRegistration kHardsigmoid("aten::hardsigmoid.out", hardsigmoid_out);
const KernelRegistration kHardswish("aten::hardswish.out", hardswish_out);
const KernelRegistration kSilu("aten::silu.out", silu_out);
const KernelRegistration kMish("aten::mish.out", mish_out);
const KernelRegistration kLogSigmoid("aten::log_sigmoid.out", log_sigmoid_out);
const KernelRegistration kLeakyRelu("aten::leaky_relu.out", leaky_relu_out);
const KernelRegistration kElu("aten::elu.out", elu_out);
const KernelRegistration kCelu("aten::celu.out", celu_out);
const KernelRegistration kSoftplus("aten::softplus.out", softplus_out);
const KernelRegistration kThreshold("aten::threshold.out", threshold_out);
const KernelRegistration kHardshrink("aten::hardshrink.out", hardshrink_out);
const KernelRegistration kSoftshrink("aten::softshrink.out", softshrink_out);
const KernelRegistration kGlu("aten::glu.out", glu_out);

} // namespace

} // namespace xnnir
