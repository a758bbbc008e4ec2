// aten::{rand,randn,randint,bernoulli,native_dropout}: random numbers. They are new ones in each process, as
// in ExecuTorch: PyTorch's generator and its seeds have no place in a program.
#include <atomic>
#include <cmath>
#include <random>

#include "kernels/arguments.h"
#include "kernels/cast_copy.h"

namespace xnnir {

namespace {

// SplitMix64 (Steele, Lea and Flood, 2014). Its state is a counter, so threads that draw at a time get other
// numbers.
uint64_t draw() {
  static std::atomic<uint64_t> state = [] {
    std::random_device device;
    return static_cast<uint64_t>(device()) << 32 | device();
  }();
  uint64_t z = state.fetch_add(0x9e3779b97f4a7c15, std::memory_order_relaxed);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

// In [0, 1), with as many bits as the dtype has: none of them rounds up to 1.
double uniform(ScalarType type) {
  const int bits = type == ScalarType::kDouble ? 53 : type == ScalarType::kHalf ? 11 : 24;
  const int kept = type == ScalarType::kBFloat16 ? 8 : bits;
  return std::ldexp(static_cast<double>(draw() >> (64 - kept)), -kept);
}

// Box and Muller's transform.
double normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform(ScalarType::kDouble)));
  return radius * std::cos(6.283185307179586 * uniform(ScalarType::kDouble));
}

template <typename F> Status draw_all(Arguments &arguments, const Dims &sizes, Tensor *out, const F &next) {
  if (!arguments.ok())
    return arguments.status();
  XNNIR_RETURN_IF_ERROR(resize_output(*out, sizes));
  return dtype_switch(RealAndBoolTypes{}, out->dtype(), "out", [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (size_t i = 0; i < out->numel(); ++i)
      out->data_as<T>()[i] = element_cast<T>(next(out->dtype()));
  });
}

Dims sizes_like(Arguments &arguments) {
  const Tensor *self = arguments.tensor(0, "self");
  return self == nullptr ? Dims() : sizes_of(*self);
}

double uniform_number(ScalarType type) { return uniform(type); }
double normal_number(ScalarType) { return normal(); }

// rand(size, [generator,] out), randn
template <double (*kNext)(ScalarType)> Status sized_out(KernelContext &context, Span<Value *> args) {
  const size_t count = args.size() == 4 ? 4 : 3;
  Arguments arguments(context, args, count);
  const Dims sizes = arguments.int_list(0, "size");
  return draw_all(arguments, sizes, arguments.output(count - 2), kNext);
}
// rand_like(self, [generator,] memory_format, out), randn_like
template <double (*kNext)(ScalarType)> Status like_out(KernelContext &context, Span<Value *> args) {
  const size_t count = args.size() == 5 ? 5 : 4;
  Arguments arguments(context, args, count);
  const Dims sizes = sizes_like(arguments);
  return draw_all(arguments, sizes, arguments.output(count - 2), kNext);
}

Status integers(Arguments &arguments, int64_t low, int64_t high, const Dims &sizes, Tensor *out) {
  if (arguments.ok() && low >= high)
    return make_status(StatusCode::kInvalidArgument, "low is %lld and high is %lld, expected a higher high",
                       static_cast<long long>(low), static_cast<long long>(high));
  const uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  return draw_all(arguments, sizes, out, [=](ScalarType) {
    return static_cast<int64_t>(static_cast<uint64_t>(low) + draw() % span);
  });
}
// randint(high, size, out)
Status randint_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const int64_t high = arguments.integer(0, "high");
  const Dims sizes = arguments.int_list(1, "size");
  return integers(arguments, 0, high, sizes, arguments.output(2));
}
// randint(low, high, size, out)
Status randint_low_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const int64_t low = arguments.integer(0, "low");
  const int64_t high = arguments.integer(1, "high");
  const Dims sizes = arguments.int_list(2, "size");
  return integers(arguments, low, high, sizes, arguments.output(3));
}

// bernoulli(self, generator, out): 1 where a random number is below self.
Status bernoulli_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 4);
  const Tensor *self = arguments.tensor(0, "self");
  Tensor *out = arguments.output(2);
  if (!arguments.ok())
    return arguments.status();
  return elementwise<1>(context, FloatCompute{}, {self->dtype(), self->dtype()}, {self}, *out, [](auto p) {
    return static_cast<decltype(p)>(uniform(ScalarType::kDouble) < static_cast<double>(p));
  });
}
// bernoulli(self, p, generator, out)
Status bernoulli_float_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Dims sizes = sizes_like(arguments);
  const double p = arguments.scalar(1, "p");
  return draw_all(arguments, sizes, arguments.output(3),
                  [p](ScalarType) { return uniform(ScalarType::kDouble) < p ? 1.0 : 0.0; });
}

// native_dropout(input, p, train, out0, out1): without `train` (None is with) the input, and a mask of ones.
Status native_dropout_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 6);
  const Tensor *input = arguments.tensor(0, "input");
  const double p = arguments.scalar(1, "p");
  const bool train = arguments.ok() && std::holds_alternative<std::monostate>(*args[2])
                         ? true
                         : arguments.boolean(2, "train");
  Tensor *out = arguments.output(3);
  Tensor *mask = arguments.output(4);
  if (!arguments.ok())
    return arguments.status();
  if (!(p >= 0 && p <= 1))
    return make_status(StatusCode::kInvalidArgument, "p is %g, expected 0 to 1", p);
  const double kept = train ? 1 - p : 1;
  XNNIR_RETURN_IF_ERROR(draw_all(arguments, sizes_of(*input), mask, [=](ScalarType) {
    return kept == 1 || uniform(ScalarType::kDouble) < kept ? 1.0 : 0.0;
  }));
  if (kept == 1)
    return cast_copy(context, input, *out);
  const double scale = kept == 0 ? 0 : 1 / kept;
  return elementwise<2>(context, FloatCompute{}, {input->dtype(), input->dtype()}, {input, mask}, *out,
                        [scale](auto x, auto m) { return x * m * static_cast<decltype(x)>(scale); });
}

const KernelRegistration kRand("aten::rand.out", sized_out<uniform_number>);
const KernelRegistration kRandGenerator("aten::rand.generator_out", sized_out<uniform_number>);
const KernelRegistration kRandn("aten::randn.out", sized_out<normal_number>);
const KernelRegistration kRandnGenerator("aten::randn.generator_out", sized_out<normal_number>);
const KernelRegistration kRandLike("aten::rand_like.out", like_out<uniform_number>);
const KernelRegistration kRandnLike("aten::randn_like.out", like_out<normal_number>);
const KernelRegistration kRandint("aten::randint.out", randint_out);
const KernelRegistration kRandintLow("aten::randint.low_out", randint_low_out);
const KernelRegistration kBernoulli("aten::bernoulli.out", bernoulli_out);
const KernelRegistration kBernoulliFloat("aten::bernoulli.float_out", bernoulli_float_out);
const KernelRegistration kNativeDropout("aten::native_dropout.out", native_dropout_out);

} // namespace

} // namespace xnnir
