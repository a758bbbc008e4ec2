// Inputs and outputs of a method.
#include <cstring>
#include <string>

#include "core/method_state.h"
#include "core/no_throw.h"

namespace xnnir {

namespace {

template <typename T> std::string list_string(Span<const T> items) {
  std::string text = "[";
  for (size_t i = 0; i < items.size(); ++i)
    text += (i > 0 ? ", " : "") + std::to_string(items[i]);
  return text + "]";
}

// Dimensions of size 1 may stand anywhere without the memory being different.
bool same_layout(const Tensor &expected, const Tensor &given) {
  const size_t rank = expected.rank();
  if (std::memcmp(expected.dim_order().data(), given.dim_order().data(), rank) == 0)
    return true;
  size_t i = 0;
  size_t j = 0;
  const Span<const int32_t> sizes = given.sizes();
  while (true) {
    while (i < rank && sizes[expected.dim_order()[i]] == 1)
      ++i;
    while (j < rank && sizes[given.dim_order()[j]] == 1)
      ++j;
    if (i == rank || j == rank)
      return i == rank && j == rank;
    if (expected.dim_order()[i++] != given.dim_order()[j++])
      return false;
  }
}

std::string describe_scalar(const Value &value) {
  if (const auto *number = std::get_if<int64_t>(&value))
    return std::to_string(*number);
  if (const auto *flag = std::get_if<bool>(&value))
    return *flag ? "true" : "false";
  if (const auto *number = std::get_if<double>(&value)) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.17g", *number);
    return text;
  }
  if (const auto *text = std::get_if<std::string>(&value))
    return "'" + *text + "'";
  return kind_of(value);
}

// What is no tensor was a constant when the method was exported: its number is in the instructions already.
Status check_scalar(size_t index, const Value &expected, const Value &given) {
  bool same = false;
  if (const auto *number = std::get_if<int64_t>(&expected))
    same = *number == std::get<int64_t>(given);
  else if (const auto *flag = std::get_if<bool>(&expected))
    same = *flag == std::get<bool>(given);
  else if (const auto *number = std::get_if<double>(&expected))
    same = *number == std::get<double>(given);
  else if (const auto *text = std::get_if<std::string>(&expected))
    same = *text == std::get<std::string>(given);
  else
    same = std::holds_alternative<std::monostate>(expected);
  if (same)
    return {};
  return make_status(StatusCode::kInvalidArgument,
                     "input %zu is %s, but the method was exported with %s, which is fixed", index,
                     describe_scalar(given).c_str(), describe_scalar(expected).c_str());
}

} // namespace

Status Method::set_input(size_t index, const Value &value) {
  return without_exceptions("set an input", [&]() -> Status {
    State &state = *state_;
    const std::vector<int32_t> &inputs = state.plan->inputs;
    if (index >= inputs.size())
      return make_status(StatusCode::kInvalidArgument, "input %zu does not exist: method '%s' takes %zu",
                         index, state.plan->name.c_str(), inputs.size());
    const Value &planned = state.plan->values[static_cast<size_t>(inputs[index])];
    if (planned.index() != value.index())
      return make_status(StatusCode::kInvalidType, "input %zu is of kind %s, expected %s", index,
                         kind_of(value), kind_of(planned));
    if (const auto *given = std::get_if<Tensor>(&value)) {
      XNNIR_RETURN_IF_ERROR(state.set_tensor_input(index, *given));
    } else if (state.is_free_number(index)) {
      XNNIR_RETURN_IF_ERROR(state.check_sizes(index, value));
      state.values[static_cast<size_t>(inputs[index])] = value;
    } else {
      XNNIR_RETURN_IF_ERROR(check_scalar(index, planned, value));
    }
    state.input_set[index] = true;
    return {};
  });
}

Status Method::set_inputs(Span<const Value> values) {
  return without_exceptions("set the inputs", [&]() -> Status {
    if (values.size() != state_->plan->inputs.size())
      return make_status(StatusCode::kInvalidArgument, "%zu inputs were given, but method '%s' takes %zu",
                         values.size(), state_->plan->name.c_str(), state_->plan->inputs.size());
    for (size_t i = 0; i < values.size(); ++i)
      XNNIR_RETURN_IF_ERROR(set_input(i, values[i]));
    return {};
  });
}

Status Method::State::set_tensor_input(size_t index, const Tensor &given) {
  const size_t slot = static_cast<size_t>(plan->inputs[index]);
  // From the plan, because instructions may have changed what is in the slot.
  Tensor tensor = std::get<Tensor>(plan->values[slot]);
  if (given.dtype() != tensor.dtype())
    return make_status(StatusCode::kInvalidType, "input %zu has dtype %s, expected %s", index,
                       to_string(given.dtype()), to_string(tensor.dtype()));
  if (given.rank() != tensor.rank())
    return make_status(StatusCode::kInvalidArgument,
                       "input %zu has shape %s of rank %zu, expected rank %zu (shape %s)", index,
                       list_string(given.sizes()).c_str(), given.rank(), tensor.rank(),
                       list_string(tensor.sizes()).c_str());
  XNNIR_RETURN_IF_ERROR(check_sizes(index, given));
  if (!tensor.resize(given.sizes()).ok())
    return make_status(StatusCode::kNotSupported, "input %zu has shape %s, expected %s%s", index,
                       list_string(given.sizes()).c_str(),
                       tensor.dynamism() == ShapeDynamism::kStatic ? "" : "at most ",
                       list_string(tensor.sizes()).c_str());
  if (!same_layout(tensor, given))
    return make_status(StatusCode::kInvalidArgument,
                       "input %zu has dim_order %s, expected %s (from outermost to innermost in memory)",
                       index, list_string(given.dim_order()).c_str(),
                       list_string(tensor.dim_order()).c_str());
  const size_t nbytes = given.nbytes();
  if (given.data() == nullptr && nbytes > 0)
    return make_status(StatusCode::kInvalidArgument, "input %zu has no data", index);

  if (!bindings.share_input[index]) {
    if (nbytes > input_capacity[index])
      return make_status(StatusCode::kNotSupported, "input %zu has %zu bytes, and its place has %zu", index,
                         nbytes, input_capacity[index]);
    input_sources[index] = {static_cast<const uint8_t *>(given.data()), nbytes};
    copy_input(index);
    tensor.set_data(input_data[index], input_capacity[index], kOverReadBytes);
  } else {
    tensor.set_read_only_data(given.data(), nbytes, given.readable() - nbytes);
  }
  values[slot] = tensor;
  if (const auto initial = initial_values.find(slot); initial != initial_values.end())
    initial->second = tensor;
  return {};
}

void Method::State::copy_input(size_t index) {
  InputSource &source = input_sources[index];
  if (source.nbytes > 0)
    std::memmove(input_data[index], source.data, source.nbytes);
  source.is_used = false;
}

Status Method::set_output(size_t index, void *data, size_t capacity, size_t slack) {
  return without_exceptions("set an output", [&]() -> Status {
    State &state = *state_;
    if (index >= state.outputs.size())
      return make_status(StatusCode::kInvalidArgument, "output %zu does not exist: method '%s' gives %zu",
                         index, state.plan->name.c_str(), state.outputs.size());
    const ValueMeta &meta = state.metadata.outputs[index];
    if (meta.kind != "tensor")
      return make_status(StatusCode::kInvalidType,
                         "output %zu is of kind %s and needs no memory, expected a tensor", index,
                         meta.kind.c_str());
    if (data != nullptr && capacity < meta.tensor.nbytes &&
        meta.tensor.dynamism != ShapeDynamism::kDynamicUnbound)
      return make_status(StatusCode::kInvalidArgument,
                         "output %zu was given %zu bytes, expected at least %zu", index, capacity,
                         meta.tensor.nbytes);
    state.outputs[index].data = data;
    state.outputs[index].capacity = data == nullptr ? 0 : capacity;
    state.outputs[index].readable_beyond = slack >= kOverReadBytes || can_over_read(data, capacity);
    return {};
  });
}

const Value &Method::output(size_t index) const {
  static const Value none;
  return index < state_->plan->outputs.size()
             ? state_->values[static_cast<size_t>(state_->plan->outputs[index])]
             : none;
}

// Points the outputs that can be shared to the caller's memory, the others to the method's.
void Method::State::attach_outputs() {
  for (size_t i = 0; i < outputs.size(); ++i) {
    auto *tensor = std::get_if<Tensor>(&values[static_cast<size_t>(plan->outputs[i])]);
    if (tensor == nullptr || !bindings.share_output[i])
      continue;
    const OutputBinding &binding = outputs[i];
    const bool caller = binding.data != nullptr && (binding.readable_beyond || binding.own_data == nullptr);
    if (caller)
      tensor->set_data(binding.data, binding.capacity);
    else
      tensor->set_data(binding.own_data, binding.own_capacity, kOverReadBytes);
  }
}

// Copies the outputs that are not where the caller wants them.
Status Method::State::collect_outputs() {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].data == nullptr)
      continue;
    const auto *tensor = std::get_if<Tensor>(&values[static_cast<size_t>(plan->outputs[i])]);
    if (tensor == nullptr)
      return make_status(StatusCode::kInvalidProgram, "output %zu of method '%s' became a value of kind %s",
                         i, plan->name.c_str(), kind_of(values[static_cast<size_t>(plan->outputs[i])]));
    if (tensor->data() == outputs[i].data || tensor->nbytes() == 0)
      continue;
    if (tensor->data() == nullptr)
      return make_status(StatusCode::kInvalidState, "output %zu of method '%s' was never computed", i,
                         plan->name.c_str());
    if (tensor->nbytes() > outputs[i].capacity)
      return make_status(StatusCode::kInvalidArgument, "output %zu needs %zu bytes, but was given %zu", i,
                         tensor->nbytes(), outputs[i].capacity);
    std::memmove(outputs[i].data, tensor->data(), tensor->nbytes());
  }
  return {};
}

} // namespace xnnir
