// What operators of two operands share. Each operand is a tensor or a number; one kernel serves the
// overloads.
#pragma once

#include <optional>

#include "kernels/arguments.h"
#include "kernels/elementwise.h"

namespace xnnir {

// An operand of a call.
class Operand {
public:
  Operand(Arguments &arguments, Span<Value *> args, size_t index, const char *name) {
    if (!arguments.ok())
      return;
    if (std::holds_alternative<Tensor>(*args[index]))
      tensor_ = arguments.tensor(index, name);
    else
      number_ = arguments.scalar_value(index, name);
  }

  void add_to(ResultType &type) const {
    if (tensor_ != nullptr)
      type.add(*tensor_);
    else
      type.add(number_);
  }

  // As an input of a computation in `common`. Numbers keep what a 16-bit float has no place for, unless they
  // are `rounded`: PyTorch does both.
  ElementwiseInput input(ScalarType common, bool rounded) {
    if (tensor_ != nullptr)
      return tensor_;
    const bool is_narrow = common == ScalarType::kHalf || common == ScalarType::kBFloat16;
    const ScalarType type = is_narrow && !rounded ? ScalarType::kFloat : common;
    scalar_.emplace(number_, type);
    return {scalar_->tensor(), type};
  }

  bool is_number() const { return tensor_ == nullptr; }
  const Scalar &number() const { return number_; }

private:
  const Tensor *tensor_ = nullptr;
  Scalar number_;
  std::optional<ScalarInput> scalar_;
};

// The operands and the out tensor of a call `op(self, other, [more arguments,] out)`.
struct BinaryCall {
  BinaryCall(KernelContext &context, Span<Value *> args, size_t count)
      : context(context), arguments(context, args, count), self(arguments, args, 0, "self"),
        other(arguments, args, 1, "other"), out(arguments.output(count - 2)) {}

  Result<ScalarType> common() const {
    if (!arguments.ok())
      return arguments.status();
    ResultType type;
    self.add_to(type);
    other.add_to(type);
    return type.type();
  }

  template <typename Compute, typename F>
  Status run(Compute compute, const ElementwiseTypes &types, const F &f, bool rounded = false,
             BlockFunction float_block = nullptr) {
    return elementwise<2>(context, compute, types,
                          {self.input(types.common, rounded), other.input(types.common, rounded)}, *out, f,
                          float_block);
  }

  KernelContext &context;
  Arguments arguments;
  Operand self;
  Operand other;
  Tensor *out;
};

} // namespace xnnir
