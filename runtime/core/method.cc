#include "xnnir/method.h"

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

const std::vector<ProfileEvent> &Method::profile_events() const { return state_->events; }

} // namespace xnnir
