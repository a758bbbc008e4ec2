#include "xnnir/method.h"

#include <algorithm>

#include "core/method_state.h"

namespace xnnir {

namespace {

ValueMeta describe(const MethodPlan &plan, int32_t index) {
  const Value &value = plan.values[static_cast<size_t>(index)];
  ValueMeta meta;
  meta.kind = kind_of(value);
  if (const auto *tensor = std::get_if<Tensor>(&value)) {
    meta.tensor.dtype = tensor->dtype();
    meta.tensor.sizes.assign(tensor->sizes().begin(), tensor->sizes().end());
    meta.tensor.dim_order.assign(tensor->dim_order().begin(), tensor->dim_order().end());
    meta.tensor.dynamism = tensor->dynamism();
    meta.tensor.nbytes = tensor->nbytes();
    meta.tensor.is_memory_planned =
        plan.memory[static_cast<size_t>(index)].kind == TensorMemory::Kind::kPlanned;
  }
  return meta;
}

} // namespace

MethodMeta make_metadata(const MethodPlan &plan) {
  MethodMeta meta;
  meta.name = plan.name;
  for (const int32_t input : plan.inputs)
    meta.inputs.push_back(describe(plan, input));
  for (const int32_t output : plan.outputs)
    meta.outputs.push_back(describe(plan, output));
  for (const DelegatePlan &delegate : plan.delegates)
    meta.backends.push_back(delegate.backend_id);
  meta.operators = plan.operators;
  meta.num_instructions = plan.instructions.size();
  meta.arena_sizes = plan.arena_sizes;
  return meta;
}

Method::Method(std::unique_ptr<State> state) : state_(std::move(state)) {}
Method::Method(Method &&) noexcept = default;
Method &Method::operator=(Method &&) noexcept = default;
Method::~Method() = default;

const MethodMeta &Method::metadata() const { return state_->metadata; }

void Method::reset() {
  State &state = *state_;
  for (AlignedBuffer &arena : state.arenas)
    std::fill_n(arena.data(), arena.size(), uint8_t{0});
  for (const TensorMemory &memory : state.plan->memory)
    if (memory.kind == TensorMemory::Kind::kPlanned)
      std::copy(memory.data.begin(), memory.data.end(), state.arenas[memory.arena].data() + memory.offset);
  // Copies of inputs were in the arenas, too.
  state.input_set.assign(state.input_set.size(), false);
}

const std::vector<ProfileEvent> &Method::profile_events() const { return state_->events; }
const std::vector<ProfileSpan> &Method::profile_spans() const { return state_->spans; }

} // namespace xnnir
