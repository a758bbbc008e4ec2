#include "format/method_reader.h"

#include "format/wire.h"
#include "xnnir_schema/program_generated.h"

namespace xnnir {

namespace fb = schema::program;

namespace {

constexpr StatusCode kCode = StatusCode::kInvalidProgram;
using flatbuffers::uoffset_t;
// What a method keeps for each arena, whatever its size.
constexpr size_t kArenaBytes = 512;

Status read_arenas(const fb::ExecutionPlan &plan, MethodPlan &method, TableBudget &budget) {
  const auto *sizes = plan.non_const_buffer_sizes();
  XNNIR_RETURN_IF_ERROR(budget.take("non_const_buffer_sizes", count_of(sizes), kArenaBytes));
  // Entry 0 is reserved.
  for (size_t i = 1; i < count_of(sizes); ++i) {
    const int64_t size = item_of(sizes, i);
    if (size < 0 || static_cast<uint64_t>(size) > SIZE_MAX / 2)
      return make_status(kCode, "non_const_buffer_sizes[%zu] is %lld bytes, expected 0 or more", i,
                         static_cast<long long>(size));
    method.arena_sizes.push_back(static_cast<size_t>(size));
  }
  const auto *devices = plan.non_const_buffer_device();
  for (size_t i = 0; i < count_of(devices); ++i) {
    const auto device = devices->Get(static_cast<uoffset_t>(i))->device_type();
    if (device != fb::DeviceType::CPU)
      return make_status(
          StatusCode::kNotSupported,
          "non_const_buffer_device[%zu].device_type is %d, expected 0: only the CPU is supported", i,
          static_cast<int>(device));
  }
  return {};
}

Status read_values(const ProgramFile &file, const fb::ExecutionPlan &plan, MethodPlan &method,
                   TableBudget &budget) {
  const size_t count = count_of(plan.values());
  XNNIR_RETURN_IF_ERROR(budget.take("values", count, sizeof(Value) + sizeof(TensorMemory)));
  method.values.resize(count);
  method.memory.resize(count);
  for (size_t i = 0; i < count; ++i)
    XNNIR_RETURN_IF_ERROR(
        read_value(file, *plan.values()->Get(static_cast<uoffset_t>(i)), i, count, method, budget));
  // Entries of lists have to be of the list's kind. Slots that instructions fill may be none until then.
  for (size_t i = 0; i < count; ++i) {
    const auto check = [&](const std::vector<int32_t> &indices, auto good, const char *expected) -> Status {
      for (size_t j = 0; j < indices.size(); ++j)
        if (indices[j] >= 0 && !good(method.values[static_cast<size_t>(indices[j])]))
          return make_status(kCode, "values[%zu].items[%zu] is %d, a value of kind %s, expected %s", i, j,
                             indices[j], kind_of(method.values[static_cast<size_t>(indices[j])]), expected);
      return {};
    };
    const auto is_int = [](const Value &value) { return std::holds_alternative<int64_t>(value); };
    const auto is_tensor = [](const Value &value) { return std::holds_alternative<Tensor>(value); };
    const auto is_tensor_or_none = [&](const Value &value) {
      return is_tensor(value) || std::holds_alternative<std::monostate>(value);
    };
    if (const auto *ints = std::get_if<IntList>(&method.values[i]))
      XNNIR_RETURN_IF_ERROR(check(ints->values, is_int, "int"));
    if (const auto *tensors = std::get_if<TensorList>(&method.values[i]))
      XNNIR_RETURN_IF_ERROR(check(tensors->values, is_tensor, "tensor"));
    if (const auto *optionals = std::get_if<OptionalTensorList>(&method.values[i]))
      XNNIR_RETURN_IF_ERROR(check(optionals->values, is_tensor_or_none, "tensor or none"));
  }
  return {};
}

// Copies indices into the value table.
Status read_value_indices(const char *field, const flatbuffers::Vector<int32_t> *source, size_t value_count,
                          std::vector<int32_t> &indices, TableBudget &budget) {
  XNNIR_RETURN_IF_ERROR(budget.take(field, count_of(source), sizeof(indices[0])));
  indices.reserve(count_of(source));
  for (size_t i = 0; i < count_of(source); ++i) {
    const int32_t index = source->Get(static_cast<uoffset_t>(i));
    if (index < 0 || static_cast<size_t>(index) >= value_count)
      return make_status(kCode, "%s[%zu] is %d, expected the index of one of %zu values", field, i, index,
                         value_count);
    indices.push_back(index);
  }
  return {};
}

Status check_index(const char *field, int32_t index, size_t count, const char *what) {
  if (index < 0 || static_cast<size_t>(index) >= count)
    return make_status(kCode, "%s is %d, expected the index of one of %zu %s", field, index, count, what);
  return {};
}

// `first` is the number of the chain's first instruction: chains run one after the other.
Status read_instruction(const fb::Instruction &source, const MethodPlan &method, size_t first,
                        size_t chain_length, InstructionPlan &instruction, TableBudget &budget) {
  const size_t value_count = method.values.size();
  const auto kind = source.instr_args_type();
  if (kind == fb::InstructionArguments::NONE || kind > fb::InstructionArguments::MAX)
    return make_status(kCode, "instr_args_type is %d, expected 1 to %d", static_cast<int>(kind),
                       static_cast<int>(fb::InstructionArguments::MAX));
  if (source.instr_args() == nullptr)
    return make_status(kCode, "instr_args is missing");
  switch (kind) {
  case fb::InstructionArguments::KernelCall: {
    const auto *call = source.instr_args_as_KernelCall();
    instruction.kind = InstructionKind::kKernelCall;
    instruction.index = call->op_index();
    XNNIR_RETURN_IF_ERROR(check_index("op_index", call->op_index(), method.operators.size(), "operators"));
    return read_value_indices("args", call->args(), value_count, instruction.args, budget);
  }
  case fb::InstructionArguments::DelegateCall: {
    const auto *call = source.instr_args_as_DelegateCall();
    instruction.kind = InstructionKind::kDelegateCall;
    instruction.index = call->delegate_index();
    XNNIR_RETURN_IF_ERROR(
        check_index("delegate_index", call->delegate_index(), method.delegates.size(), "delegates"));
    return read_value_indices("args", call->args(), value_count, instruction.args, budget);
  }
  case fb::InstructionArguments::MoveCall: {
    const auto *call = source.instr_args_as_MoveCall();
    instruction.kind = InstructionKind::kMove;
    instruction.index = call->move_from();
    instruction.target = call->move_to();
    XNNIR_RETURN_IF_ERROR(check_index("move_from", call->move_from(), value_count, "values"));
    return check_index("move_to", call->move_to(), value_count, "values");
  }
  case fb::InstructionArguments::JumpFalseCall: {
    const auto *call = source.instr_args_as_JumpFalseCall();
    instruction.kind = InstructionKind::kJumpFalse;
    instruction.index = call->cond_value_index();
    XNNIR_RETURN_IF_ERROR(check_index("cond_value_index", call->cond_value_index(), value_count, "values"));
    const int32_t destination = call->destination_instruction();
    if (destination < 0 || static_cast<size_t>(destination) > chain_length)
      return make_status(kCode, "destination_instruction is %d, expected 0 to %zu", destination,
                         chain_length);
    instruction.target = static_cast<int32_t>(first) + destination;
    return {};
  }
  default: {
    const auto *call = source.instr_args_as_FreeCall();
    instruction.kind = InstructionKind::kFree;
    instruction.index = call->value_index();
    return check_index("value_index", call->value_index(), value_count, "values");
  }
  }
}

// A name that has to be there.
Status read_name(const char *field, const flatbuffers::String *source, std::string &name,
                 TableBudget &budget) {
  XNNIR_RETURN_IF_ERROR(budget.take(field, count_of(source), 1));
  if (count_of(source) == 0)
    return make_status(kCode, "%s is missing", field);
  if (!is_utf8(source->c_str(), source->size()))
    return make_status(kCode, "%s is not valid UTF-8", field);
  name = source->str();
  return {};
}

// "stem.0 (model.py:12)": the innermost frame of the stack that the exporter kept.
std::string describe(const fb::FrameList *frames) {
  if (frames == nullptr || count_of(frames->items()) == 0)
    return "";
  const auto *frame = frames->items()->Get(frames->items()->size() - 1);
  std::string text = frame->name() == nullptr ? "" : frame->name()->str();
  if (count_of(frame->filename()) > 0) {
    const std::string place = frame->filename()->str() + ":" + std::to_string(frame->lineno());
    text = text.empty() ? place : text + " (" + place + ")";
  }
  return is_utf8(text.data(), text.size()) ? text : "";
}

Status read_chains(const fb::ExecutionPlan &plan, MethodPlan &method, TableBudget &budget) {
  const auto *chains = plan.chains();
  for (size_t i = 0; i < count_of(chains); ++i) {
    const auto *chain = chains->Get(static_cast<uoffset_t>(i));
    const size_t length = count_of(chain->instructions());
    const size_t first = method.instructions.size();
    XNNIR_RETURN_IF_ERROR(budget.take("instructions", length, sizeof(InstructionPlan)));
    for (size_t j = 0; j < length; ++j) {
      InstructionPlan instruction;
      const Status status = read_instruction(*chain->instructions()->Get(static_cast<uoffset_t>(j)), method,
                                             first, length, instruction, budget);
      if (!status.ok())
        return at_path(indexed(indexed("", "chains", i) + ".", "instructions", j) + ".", status);
      method.instructions.push_back(std::move(instruction));
    }
    const auto *stacks = chain->stacktrace();
    if (count_of(stacks) == 0)
      continue;
    if (stacks->size() != length)
      return make_status(kCode,
                         "chains[%zu].stacktrace has %u entries, expected %zu, one for each instruction", i,
                         stacks->size(), length);
    method.locations.resize(first);
    for (const auto *frames : *stacks) {
      std::string location = describe(frames);
      XNNIR_RETURN_IF_ERROR(budget.take("stacktrace", 1, sizeof(location) + location.size()));
      method.locations.push_back(std::move(location));
    }
  }
  if (!method.locations.empty())
    method.locations.resize(method.instructions.size());
  return {};
}

Status read_operators(const fb::ExecutionPlan &plan, MethodPlan &method, TableBudget &budget) {
  XNNIR_RETURN_IF_ERROR(budget.take("operators", count_of(plan.operators()), sizeof(std::string)));
  for (size_t i = 0; i < count_of(plan.operators()); ++i) {
    const auto *op = plan.operators()->Get(static_cast<uoffset_t>(i));
    const std::string path = indexed("", "operators", i);
    std::string name;
    XNNIR_RETURN_IF_ERROR(read_name((path + ".name").c_str(), op->name(), name, budget));
    std::string overload;
    if (count_of(op->overload()) > 0) {
      XNNIR_RETURN_IF_ERROR(read_name((path + ".overload").c_str(), op->overload(), overload, budget));
      name += "." + overload;
    }
    method.operators.push_back(std::move(name));
  }
  return {};
}

Status read_delegates(const ProgramFile &file, const fb::ExecutionPlan &plan, MethodPlan &method,
                      TableBudget &budget) {
  XNNIR_RETURN_IF_ERROR(budget.take("delegates", count_of(plan.delegates()), sizeof(DelegatePlan)));
  for (size_t i = 0; i < count_of(plan.delegates()); ++i) {
    const auto *delegate = plan.delegates()->Get(static_cast<uoffset_t>(i));
    std::string id;
    XNNIR_RETURN_IF_ERROR(
        read_name((indexed("", "delegates", i) + ".id").c_str(), delegate->id(), id, budget));
    if (delegate->processed() == nullptr)
      return make_status(kCode, "delegates[%zu].processed is missing", i);
    Result<Span<const uint8_t>> data = file.delegate_data(*delegate->processed());
    if (!data.ok())
      return at_path(indexed("", "delegates", i) + ".", data.status());
    method.delegates.push_back({std::move(id), *data});
  }
  return {};
}

} // namespace

Result<MethodPlan> read_method(const ProgramFile &file, const fb::ExecutionPlan &plan, TableBudget &budget) {
  MethodPlan method;
  XNNIR_RETURN_IF_ERROR(budget.take("execution_plan", 1, sizeof(method)));
  XNNIR_RETURN_IF_ERROR(read_name("name", plan.name(), method.name, budget));
  XNNIR_RETURN_IF_ERROR(read_arenas(plan, method, budget));
  XNNIR_RETURN_IF_ERROR(read_values(file, plan, method, budget));
  XNNIR_RETURN_IF_ERROR(
      read_value_indices("inputs", plan.inputs(), method.values.size(), method.inputs, budget));
  XNNIR_RETURN_IF_ERROR(
      read_value_indices("outputs", plan.outputs(), method.values.size(), method.outputs, budget));
  XNNIR_RETURN_IF_ERROR(read_operators(plan, method, budget));
  XNNIR_RETURN_IF_ERROR(read_delegates(file, plan, method, budget));
  XNNIR_RETURN_IF_ERROR(read_chains(plan, method, budget));
  return method;
}

} // namespace xnnir
