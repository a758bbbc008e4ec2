#include "core/bindings.h"

#include <algorithm>

namespace xnnir {

namespace {

// How instructions, in the order of the file, use a value.
struct Use {
  bool touched = false;
  // The first instruction that touches it is sure to write it.
  bool written_first = false;
  // Some instruction may write it.
  bool written = false;
  // It is the source or target of a move: another value may share its memory from then on.
  bool moved = false;
};

class UseAnalysis {
public:
  UseAnalysis(const MethodPlan &plan, const std::vector<size_t> &delegate_inputs)
      : plan_(plan), delegate_inputs_(delegate_inputs), uses_(plan.values.size()),
        times_(plan.values.size(), 0) {
    for (const InstructionPlan &instruction : plan.instructions)
      visit(instruction);
  }

  const Use &use(int32_t value) const { return uses_[static_cast<size_t>(value)]; }

private:
  void read(int32_t value) { uses_[static_cast<size_t>(value)].touched = true; }
  // Whether the file's convention makes it certain that the value is overwritten, or it merely may be.
  void write(int32_t value, bool certain) {
    Use &use = uses_[static_cast<size_t>(value)];
    if (!use.touched)
      use.written_first = certain;
    use.touched = true;
    use.written = true;
  }

  void visit(const InstructionPlan &instruction) {
    switch (instruction.kind) {
    case InstructionKind::kKernelCall:
      visit_kernel_call(instruction.args);
      return;
    case InstructionKind::kDelegateCall:
      visit_delegate_call(instruction.args, delegate_inputs_[static_cast<size_t>(instruction.index)]);
      return;
    case InstructionKind::kMove:
      read(instruction.index);
      write(instruction.target, false);
      uses_[static_cast<size_t>(instruction.index)].moved = true;
      uses_[static_cast<size_t>(instruction.target)].moved = true;
      return;
    case InstructionKind::kJumpFalse:
    case InstructionKind::kFree:
      read(instruction.index);
      return;
    }
  }

  // The result is the last argument, and a tensor that a kernel writes stands there twice: as argument and as
  // result.
  void visit_kernel_call(const std::vector<int32_t> &args) {
    if (args.empty())
      return;
    const int32_t result = args.back();
    const Value &result_value = plan_.values[static_cast<size_t>(result)];
    const std::vector<int32_t> *results = nullptr;
    if (const auto *list = std::get_if<TensorList>(&result_value))
      results = &list->values;
    for (const int32_t arg : args)
      ++times_[static_cast<size_t>(arg)];
    for (size_t i = 0; i + 1 < args.size(); ++i)
      visit_kernel_argument(args[i], result, times_[static_cast<size_t>(args[i])] > 1);
    for (const int32_t arg : args)
      times_[static_cast<size_t>(arg)] = 0;
    // An operator that works in place has its result among the arguments before the last, where out tensors
    // are: it may keep elements that were there.
    const bool in_place = std::find(args.begin(), args.end() - 1, result) < args.end() - 2;
    write(result, !in_place);
    if (results != nullptr)
      for (const int32_t item : *results)
        write(item, true);
  }

  void visit_kernel_argument(int32_t arg, int32_t result, bool repeated) {
    if (arg == result)
      return;
    const Value &value = plan_.values[static_cast<size_t>(arg)];
    if (const auto *list = std::get_if<TensorList>(&value))
      for (const int32_t item : list->values)
        read(item);
    if (const auto *list = std::get_if<OptionalTensorList>(&value))
      for (const int32_t item : list->values)
        if (item >= 0)
          read(item);
    read(arg);
    if (repeated)
      write(arg, false);
  }

  void visit_delegate_call(const std::vector<int32_t> &args, size_t input_count) {
    for (size_t i = 0; i < args.size(); ++i) {
      if (input_count != SIZE_MAX && i < input_count)
        read(args[i]);
      else
        write(args[i], input_count != SIZE_MAX);
    }
  }

  const MethodPlan &plan_;
  const std::vector<size_t> &delegate_inputs_;
  std::vector<Use> uses_;
  // How often each value stands among the arguments of the call that is being visited.
  std::vector<uint32_t> times_;
};

class Binder {
public:
  Binder(const MethodPlan &plan, const UseAnalysis &uses)
      : plan_(plan), uses_(uses), times_input_(plan.values.size(), 0), times_output_(plan.values.size(), 0) {
    for (const int32_t input : plan.inputs)
      ++times_input_[static_cast<size_t>(input)];
    for (const int32_t output : plan.outputs)
      ++times_output_[static_cast<size_t>(output)];
    has_jumps_ = std::any_of(plan.instructions.begin(), plan.instructions.end(),
                             [](const auto &it) { return it.kind == InstructionKind::kJumpFalse; });
  }

  bool can_share_input(int32_t input) const {
    const Use &use = uses_.use(input);
    if (!is_tensor(input) || use.written || use.moved || times_input(input) > 1)
      return false;
    const TensorMemory &memory = memory_of(input);
    if (memory.kind == TensorMemory::Kind::kNone)
      return true;
    return memory.kind == TensorMemory::Kind::kPlanned && memory.data.empty() && !has_other_views(input);
  }

  bool can_share_output(int32_t output) const {
    const Use &use = uses_.use(output);
    if (!is_tensor(output) || use.moved || times_output(output) > 1 || times_input(output) > 0 ||
        !use.written_first)
      return false;
    const TensorMemory &memory = memory_of(output);
    // Nobody can tell what capacity an unbounded one needs, so it grows in memory of its own.
    if (memory.kind == TensorMemory::Kind::kNone)
      return std::get<Tensor>(plan_.values[static_cast<size_t>(output)]).dynamism() !=
             ShapeDynamism::kDynamicUnbound;
    return memory.kind == TensorMemory::Kind::kPlanned && memory.data.empty() && !has_other_views(output);
  }

private:
  bool is_tensor(int32_t value) const {
    return std::holds_alternative<Tensor>(plan_.values[static_cast<size_t>(value)]);
  }
  const TensorMemory &memory_of(int32_t value) const { return plan_.memory[static_cast<size_t>(value)]; }
  uint32_t times_input(int32_t value) const { return times_input_[static_cast<size_t>(value)]; }
  uint32_t times_output(int32_t value) const { return times_output_[static_cast<size_t>(value)]; }

  // Whether some other tensor's bytes may be meant to be those of `value`.
  bool has_other_views(int32_t value) const {
    for (size_t i = 0; i < plan_.values.size(); ++i) {
      const int32_t other = static_cast<int32_t>(i);
      if (other == value || !is_tensor(other) || !overlap(value, other))
        continue;
      const Use &use = uses_.use(other);
      const bool is_input = times_input(other) > 0;
      const bool is_output = times_output(other) > 0;
      if (!use.touched && !is_input && !is_output)
        continue;
      // Memory used again for something new is no view. Behind jumps the file's order does not tell.
      if (is_input || !use.written_first || has_jumps_)
        return true;
    }
    return false;
  }

  bool overlap(int32_t a, int32_t b) const {
    const TensorMemory &left = memory_of(a);
    const TensorMemory &right = memory_of(b);
    if (left.kind != TensorMemory::Kind::kPlanned || right.kind != TensorMemory::Kind::kPlanned ||
        left.arena != right.arena)
      return false;
    const size_t left_bytes = std::get<Tensor>(plan_.values[static_cast<size_t>(a)]).nbytes();
    const size_t right_bytes = std::get<Tensor>(plan_.values[static_cast<size_t>(b)]).nbytes();
    return left.offset < right.offset + right_bytes && right.offset < left.offset + left_bytes;
  }

  const MethodPlan &plan_;
  const UseAnalysis &uses_;
  // How often each value is an input or an output.
  std::vector<uint32_t> times_input_;
  std::vector<uint32_t> times_output_;
  bool has_jumps_ = false;
};

} // namespace

Bindings plan_bindings(const MethodPlan &plan, const std::vector<size_t> &delegate_inputs) {
  const UseAnalysis uses(plan, delegate_inputs);
  const Binder binder(plan, uses);
  Bindings bindings;
  for (const int32_t input : plan.inputs)
    bindings.share_input.push_back(binder.can_share_input(input));
  for (const int32_t output : plan.outputs)
    bindings.share_output.push_back(binder.can_share_output(output));
  return bindings;
}

} // namespace xnnir
