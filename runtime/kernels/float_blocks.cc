#include "kernels/float_blocks.h"

#include "kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/float_blocks.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include <algorithm>
#include <cmath>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace xnnir {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;
using V = hn::Vec<Floats>;

HWY_INLINE V constant(float value) { return hn::Set(Floats(), value); }
HWY_INLINE V infinity() { return constant(std::numeric_limits<float>::infinity()); }
// `value`, but NaN where `x` is.
HWY_INLINE V keep_nan(V x, V value) { return hn::IfThenElse(hn::Eq(x, x), value, x); }

// Above 100 the result is infinite, and Highway's function is not made for it.
HWY_INLINE V exp(V x) { return keep_nan(x, hn::Exp(Floats(), hn::Min(x, constant(100)))); }

// c[0] + c[1] * x + ...
template <size_t N> HWY_INLINE V polynomial(V x, const float (&c)[N]) {
  V sum = constant(c[N - 1]);
  for (size_t i = N - 1; i-- > 0;)
    sum = hn::MulAdd(sum, x, constant(c[i]));
  return sum;
}

// Fitted by weighted least squares: erf(x) / x in x^2 up to 1, to 4e-11, and -log(erfc(x)) from there to 4,
// where erf is 1, so that erf has an error of 2e-11.
HWY_INLINE V erf(V x) {
  constexpr float kNear[] = {1.12837923f,    -0.376126379f,    0.112837821f,    -0.0268654004f,
                             0.00522094546f, -0.000848282885f, 0.000112569476f, -9.64151422e-6f};
  constexpr float kFar[] = {-0.000188040227f, 1.12957847f,    0.633219898f,     0.108418576f,
                            -0.0252082571f,   0.00420456193f, -0.000441336364f, 2.16868502e-5f};
  const V size = hn::Abs(x);
  const V near = hn::Mul(x, polynomial(hn::Mul(x, x), kNear));
  const V power = hn::Exp(Floats(), hn::Neg(polynomial(hn::Min(size, constant(4)), kFar)));
  const V far = hn::CopySign(hn::Sub(constant(1), power), x);
  return keep_nan(x, hn::IfThenElse(hn::Le(size, constant(1)), near, far));
}

struct Exp {
  HWY_INLINE V operator()(V x) const { return exp(x); }
};

struct Log {
  HWY_INLINE V operator()(V x) const {
    const V zero = constant(0);
    const V inside = hn::Log(Floats(), hn::IfThenElse(hn::Gt(x, zero), x, constant(1)));
    const V outside = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(infinity()),
                                     constant(std::numeric_limits<float>::quiet_NaN()));
    return keep_nan(
        x, hn::IfThenElse(hn::Eq(x, infinity()), x, hn::IfThenElse(hn::Gt(x, zero), inside, outside)));
  }
};

// Highway reduces arguments of up to 39000 by multiples of pi; larger ones are for the C library.
template <float (*kScalar)(float), typename Function> HWY_INLINE V periodic(V x, const Function &function) {
  const Floats f;
  // Not so for NaN and infinities either.
  if (hn::AllTrue(f, hn::Lt(hn::Abs(x), constant(10000))))
    return function(x);
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(x, f, lanes);
  for (size_t i = 0; i < hn::Lanes(f); ++i)
    lanes[i] = kScalar(lanes[i]);
  return hn::Load(f, lanes);
}
inline float scalar_sin(float x) { return std::sin(x); }
inline float scalar_cos(float x) { return std::cos(x); }

struct Sin {
  struct Near {
    HWY_INLINE V operator()(V x) const { return hn::Sin(Floats(), x); }
  };
  HWY_INLINE V operator()(V x) const { return periodic<scalar_sin>(x, Near()); }
};

struct Cos {
  struct Near {
    HWY_INLINE V operator()(V x) const { return hn::Cos(Floats(), x); }
  };
  HWY_INLINE V operator()(V x) const { return periodic<scalar_cos>(x, Near()); }
};

HWY_INLINE V tanh(V x) { return keep_nan(x, hn::Tanh(Floats(), x)); }
struct Tanh {
  HWY_INLINE V operator()(V x) const { return tanh(x); }
};

struct Sigmoid {
  HWY_INLINE V operator()(V x) const { return hn::Div(constant(1), hn::Add(constant(1), exp(hn::Neg(x)))); }
};

struct Silu {
  HWY_INLINE V operator()(V x) const { return hn::Div(x, hn::Add(constant(1), exp(hn::Neg(x)))); }
};

struct Erf {
  HWY_INLINE V operator()(V x) const { return erf(x); }
};

struct Gelu {
  HWY_INLINE V operator()(V x) const {
    const V inner = hn::Mul(x, constant(0.70710678118654752f));
    return hn::Mul(hn::Mul(x, constant(0.5f)), hn::Add(constant(1), erf(inner)));
  }
};

struct GeluTanh {
  HWY_INLINE V operator()(V x) const {
    const V cube = hn::Mul(hn::Mul(x, x), x);
    const V inner = hn::Mul(constant(0.79788456080286536f), hn::MulAdd(constant(0.044715f), cube, x));
    return hn::Mul(hn::Mul(x, constant(0.5f)), hn::Add(constant(1), tanh(inner)));
  }
};

template <typename Function>
void map_vectors(const void *, const void *const *inputs, void *output, size_t count) {
  const Floats f;
  const auto *in = static_cast<const float *>(inputs[0]);
  auto *out = static_cast<float *>(output);
  const Function function;
  const size_t lanes = hn::Lanes(f);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    hn::StoreU(function(hn::LoadU(f, in + i)), f, out + i);
  if (i == count)
    return;
  HWY_ALIGN float rest[HWY_MAX_BYTES / sizeof(float)] = {};
  std::copy(in + i, in + count, rest);
  hn::Store(function(hn::Load(f, rest)), f, rest);
  std::copy(rest, rest + (count - i), out + i);
}

// Loops that the compiler makes vectors of.
template <typename Function>
void map_floats(const void *, const void *const *inputs, void *output, size_t count) {
  const auto *in = static_cast<const float *>(inputs[0]);
  auto *out = static_cast<float *>(output);
  for (size_t i = 0; i < count; ++i)
    out[i] = Function::apply(in[i]);
}

template <typename Function>
void map_pairs(const void *, const void *const *inputs, void *output, size_t count) {
  const auto *a = static_cast<const float *>(inputs[0]);
  const auto *b = static_cast<const float *>(inputs[1]);
  auto *out = static_cast<float *>(output);
  for (size_t i = 0; i < count; ++i)
    out[i] = Function::apply(a[i], b[i]);
}

struct Add {
  static HWY_INLINE float apply(float a, float b) { return a + b; }
};
struct Sub {
  static HWY_INLINE float apply(float a, float b) { return a - b; }
};
struct Mul {
  static HWY_INLINE float apply(float a, float b) { return a * b; }
};
struct Div {
  static HWY_INLINE float apply(float a, float b) { return a / b; }
};
struct Maximum {
  static HWY_INLINE float apply(float a, float b) { return a != a || a > b ? a : b; }
};
struct Minimum {
  static HWY_INLINE float apply(float a, float b) { return a != a || a < b ? a : b; }
};
struct Abs {
  static HWY_INLINE float apply(float x) { return std::fabs(x); }
};
struct Neg {
  static HWY_INLINE float apply(float x) { return -x; }
};
struct Relu {
  static HWY_INLINE float apply(float x) { return x < 0 ? 0 : x; }
};
struct Sqrt {
  static HWY_INLINE float apply(float x) { return std::sqrt(x); }
};
struct Rsqrt {
  static HWY_INLINE float apply(float x) { return 1 / std::sqrt(x); }
};
struct Reciprocal {
  static HWY_INLINE float apply(float x) { return 1 / x; }
};
struct Floor {
  static HWY_INLINE float apply(float x) { return std::floor(x); }
};
struct Ceil {
  static HWY_INLINE float apply(float x) { return std::ceil(x); }
};
struct Trunc {
  static HWY_INLINE float apply(float x) { return std::trunc(x); }
};
struct Round {
  static HWY_INLINE float apply(float x) { return std::nearbyint(x); }
};
struct Hardsigmoid {
  static HWY_INLINE float apply(float x) {
    const float shifted = x + 3;
    return (shifted < 0 ? 0 : shifted > 6 ? 6 : shifted) / 6;
  }
};
struct Hardswish {
  static HWY_INLINE float apply(float x) { return x * Hardsigmoid::apply(x); }
};

BlockFunction block_of(FloatFunction function) {
  switch (function) {
  case FloatFunction::kAdd:
    return map_pairs<Add>;
  case FloatFunction::kSub:
    return map_pairs<Sub>;
  case FloatFunction::kMul:
    return map_pairs<Mul>;
  case FloatFunction::kDiv:
    return map_pairs<Div>;
  case FloatFunction::kMaximum:
    return map_pairs<Maximum>;
  case FloatFunction::kMinimum:
    return map_pairs<Minimum>;
  case FloatFunction::kAbs:
    return map_floats<Abs>;
  case FloatFunction::kNeg:
    return map_floats<Neg>;
  case FloatFunction::kRelu:
    return map_floats<Relu>;
  case FloatFunction::kSqrt:
    return map_floats<Sqrt>;
  case FloatFunction::kRsqrt:
    return map_floats<Rsqrt>;
  case FloatFunction::kReciprocal:
    return map_floats<Reciprocal>;
  case FloatFunction::kFloor:
    return map_floats<Floor>;
  case FloatFunction::kCeil:
    return map_floats<Ceil>;
  case FloatFunction::kTrunc:
    return map_floats<Trunc>;
  case FloatFunction::kRound:
    return map_floats<Round>;
  case FloatFunction::kHardsigmoid:
    return map_floats<Hardsigmoid>;
  case FloatFunction::kHardswish:
    return map_floats<Hardswish>;
  case FloatFunction::kExp:
    return map_vectors<Exp>;
  case FloatFunction::kLog:
    return map_vectors<Log>;
  case FloatFunction::kSin:
    return map_vectors<Sin>;
  case FloatFunction::kCos:
    return map_vectors<Cos>;
  case FloatFunction::kTanh:
    return map_vectors<Tanh>;
  case FloatFunction::kSigmoid:
    return map_vectors<Sigmoid>;
  case FloatFunction::kErf:
    return map_vectors<Erf>;
  case FloatFunction::kGelu:
    return map_vectors<Gelu>;
  case FloatFunction::kGeluTanh:
    return map_vectors<GeluTanh>;
  case FloatFunction::kSilu:
    return map_vectors<Silu>;
  }
  return nullptr;
}

} // namespace HWY_NAMESPACE
} // namespace xnnir
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xnnir {

BlockFunction float_block(FloatFunction function) { return XNNIR_SIMD_SELECT(block_of)(function); }

} // namespace xnnir
#endif
