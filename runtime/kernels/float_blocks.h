// Loops over dense blocks of floats with vectors of the machine, for the operators that models spend time in.
#pragma once

#include "kernels/elementwise.h"

namespace xnnir {

enum class FloatFunction : uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMaximum,
  kMinimum,
  kAbs,
  kNeg,
  kRelu,
  kSqrt,
  kRsqrt,
  kReciprocal,
  kFloor,
  kCeil,
  kTrunc,
  kRound,
  kExp,
  kLog,
  kSin,
  kCos,
  kTanh,
  kSigmoid,
  kErf,
  kGelu,
  kGeluTanh,
  kSilu,
  kHardswish,
  kHardsigmoid,
};

// What elementwise() takes in place of its own loop. The functions of two inputs are those up to kMinimum.
BlockFunction float_block(FloatFunction function);

} // namespace xnnir
