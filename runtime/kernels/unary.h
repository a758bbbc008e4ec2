// What operators of one tensor share.
#pragma once

#include "kernels/arguments.h"
#include "kernels/elementwise.h"

namespace xnnir {

// The tensors of a call `op(self, [more arguments,] out)`.
struct UnaryCall {
  UnaryCall(KernelContext &context, Span<Value *> args, size_t count)
      : context(context), arguments(context, args, count), self(arguments.tensor(0, "self")),
        out(arguments.output(count - 2)) {}

  // Computes in self's dtype.
  template <typename Compute, typename F>
  Status run(Compute compute, const F &f, BlockFunction float_block = nullptr) {
    if (!arguments.ok())
      return arguments.status();
    return elementwise<1>(context, compute, {self->dtype(), self->dtype()}, {self}, *out, f, float_block);
  }

  // Gives floats: for integers and bools of float32.
  template <typename F> Status run_floating(const F &f, BlockFunction float_block = nullptr) {
    if (!arguments.ok())
      return arguments.status();
    const ScalarType type = to_floating(self->dtype());
    return elementwise<1>(context, FloatCompute{}, {type, type}, {self}, *out, f, float_block);
  }

  // Gives bools.
  template <typename F> Status run_predicate(const F &f) {
    if (!arguments.ok())
      return arguments.status();
    return elementwise<1>(context, AnyCompute{}, {self->dtype(), ScalarType::kBool}, {self}, *out, f);
  }

  KernelContext &context;
  Arguments arguments;
  const Tensor *self;
  Tensor *out;
};

} // namespace xnnir
