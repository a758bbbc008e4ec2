#include <vector>

#include "format/method_reader.h"
#include "format/wire.h"
#include "xnnir_schema/program_generated.h"

namespace xnnir {

namespace fb = schema::program;

namespace {

constexpr StatusCode kCode = StatusCode::kInvalidProgram;

// Where the tensor's bytes are: in an arena, in the file, elsewhere, or with the caller.
Status read_memory(const ProgramFile &file, const fb::Tensor &source, const Tensor &tensor,
                   const std::vector<size_t> &arena_sizes, TensorMemory &memory, TableBudget &budget) {
  const size_t nbytes = tensor.nbytes();
  const auto *extra = source.extra_tensor_info();
  if (extra != nullptr && extra->device_type() != fb::DeviceType::CPU)
    return make_status(StatusCode::kNotSupported,
                       "extra_tensor_info.device_type is %d, expected 0: only the CPU is supported",
                       static_cast<int>(extra->device_type()));
  if (extra != nullptr && extra->location() == fb::TensorDataLocation::EXTERNAL) {
    const size_t length = count_of(extra->fully_qualified_name());
    if (length == 0)
      return make_status(
          kCode, "extra_tensor_info.fully_qualified_name is missing: the tensor's data is outside the "
                 "file and has no name");
    XNNIR_RETURN_IF_ERROR(budget.take("extra_tensor_info.fully_qualified_name", length, 1));
    memory.kind = TensorMemory::Kind::kExternal;
    memory.key = extra->fully_qualified_name()->str();
    return {};
  }

  const auto *allocation = source.allocation_info();
  if (allocation == nullptr) {
    if (source.data_buffer_idx() == 0)
      return {};
    Result<Span<const uint8_t>> data = file.constant(source.data_buffer_idx(), nbytes);
    if (!data.ok())
      return data.status();
    if (reinterpret_cast<uintptr_t>(data->data()) % element_size(tensor.dtype()) != 0)
      return make_status(kCode,
                         "data_buffer_idx is %u, a constant that is not aligned to its %zu-byte elements",
                         source.data_buffer_idx(), element_size(tensor.dtype()));
    memory.kind = TensorMemory::Kind::kConstant;
    memory.data = *data;
    return {};
  }

  // Arenas are numbered from 1: 0 once meant the constants.
  const uint32_t id = allocation->memory_id();
  if (id == 0 || id > arena_sizes.size())
    return make_status(kCode, "allocation_info.memory_id is %u, expected 1 to %zu (the plan's arenas)", id,
                       arena_sizes.size());
  const uint64_t offset =
      static_cast<uint64_t>(allocation->memory_offset_high()) << 32 | allocation->memory_offset_low();
  const size_t arena_size = arena_sizes[id - 1];
  if (offset > arena_size || nbytes > arena_size - offset)
    return make_status(
        kCode,
        "allocation_info.memory_offset is %llu, and with the tensor's %zu bytes that is beyond the "
        "%zu bytes of non_const_buffer_sizes[%u]",
        static_cast<unsigned long long>(offset), nbytes, arena_size, id);
  if (offset % element_size(tensor.dtype()) != 0)
    return make_status(kCode,
                       "allocation_info.memory_offset is %llu, which is not aligned to the tensor's %zu-byte "
                       "elements",
                       static_cast<unsigned long long>(offset), element_size(tensor.dtype()));
  memory.kind = TensorMemory::Kind::kPlanned;
  memory.arena = id - 1;
  memory.offset = static_cast<size_t>(offset);
  if (source.data_buffer_idx() == 0)
    return {};
  Result<Span<const uint8_t>> state = file.initial_state(
      extra == nullptr ? 0 : extra->mutable_data_segments_idx(), source.data_buffer_idx(), nbytes);
  if (!state.ok())
    return state.status();
  memory.data = *state;
  return {};
}

Status read_tensor(const ProgramFile &file, const fb::Tensor &source, const std::vector<size_t> &arena_sizes,
                   Value &value, TensorMemory &memory, TableBudget &budget) {
  if (source.storage_offset() != 0)
    return make_status(kCode, "storage_offset is %d, expected 0", source.storage_offset());
  const size_t rank = count_of(source.sizes());
  const Span<const int32_t> sizes(rank == 0 ? nullptr : source.sizes()->data(), rank);
  const size_t order_length = count_of(source.dim_order());
  const Span<const uint8_t> order(order_length == 0 ? nullptr : source.dim_order()->data(), order_length);
  Result<Tensor> tensor = Tensor::make(static_cast<ScalarType>(source.scalar_type()), sizes, order,
                                       static_cast<ShapeDynamism>(source.shape_dynamism()));
  if (!tensor.ok())
    return Status(kCode, tensor.status().message());
  XNNIR_RETURN_IF_ERROR(read_memory(file, source, *tensor, arena_sizes, memory, budget));
  value = std::move(*tensor);
  return {};
}

// Lists of lists do not exist, so a list's entry is good when it is in range.
template <typename Item>
Status read_indices(const flatbuffers::Vector<Item> *items, int64_t smallest, size_t value_count,
                    std::vector<int32_t> &indices, TableBudget &budget) {
  XNNIR_RETURN_IF_ERROR(budget.take("items", count_of(items), sizeof(indices[0])));
  indices.reserve(count_of(items));
  for (size_t i = 0; i < count_of(items); ++i) {
    const int64_t index = item_of(items, i);
    if (index < smallest || index >= static_cast<int64_t>(value_count))
      return make_status(kCode, "items[%zu] is %lld, expected the index of one of %zu values", i,
                         static_cast<long long>(index), value_count);
    indices.push_back(static_cast<int32_t>(index));
  }
  return {};
}

template <typename List, typename Items>
Status read_list(const Items *items, int64_t smallest, size_t value_count, Value &value,
                 TableBudget &budget) {
  List list;
  XNNIR_RETURN_IF_ERROR(read_indices(items, smallest, value_count, list.values, budget));
  value = std::move(list);
  return {};
}

} // namespace

Status read_value(const ProgramFile &file, const fb::EValue &source, size_t index, size_t value_count,
                  MethodPlan &method, TableBudget &budget) {
  Value &value = method.values[index];
  const std::string path = indexed("", "values", index);
  const auto kind = source.val_type();
  if (kind == fb::KernelTypes::Null)
    return {};
  if (kind == fb::KernelTypes::NONE || kind > fb::KernelTypes::MAX)
    return make_status(kCode, "%s.val_type is %d, expected 1 to %d", path.c_str(), static_cast<int>(kind),
                       static_cast<int>(fb::KernelTypes::MAX));
  if (source.val() == nullptr)
    return make_status(kCode, "%s.val is missing", path.c_str());

  switch (kind) {
  case fb::KernelTypes::Int:
    value = int64_t{source.val_as_Int()->int_val()};
    return {};
  case fb::KernelTypes::Bool:
    value = source.val_as_Bool()->bool_val();
    return {};
  case fb::KernelTypes::Double:
    value = source.val_as_Double()->double_val();
    return {};
  case fb::KernelTypes::String: {
    const auto *text = source.val_as_String()->string_val();
    XNNIR_RETURN_IF_ERROR(budget.take("string_val", count_of(text), 1));
    value = text == nullptr ? std::string() : text->str();
    return {};
  }
  case fb::KernelTypes::Tensor: {
    const Status status =
        read_tensor(file, *source.val_as_Tensor(), method.arena_sizes, value, method.memory[index], budget);
    return status.ok() ? status : at_path(path + ".tensor.", status);
  }
  case fb::KernelTypes::DoubleList: {
    const auto *items = source.val_as_DoubleList()->items();
    XNNIR_RETURN_IF_ERROR(budget.take("items", count_of(items), sizeof(double)));
    DoubleList list;
    for (size_t i = 0; i < count_of(items); ++i)
      list.push_back(item_of(items, i));
    value = std::move(list);
    return {};
  }
  case fb::KernelTypes::BoolList: {
    const auto *items = source.val_as_BoolList()->items();
    XNNIR_RETURN_IF_ERROR(budget.take("items", count_of(items), 1));
    BoolList list;
    for (size_t i = 0; i < count_of(items); ++i)
      list.push_back(items->Get(static_cast<flatbuffers::uoffset_t>(i)) != 0);
    value = std::move(list);
    return {};
  }
  default:
    break;
  }
  Status status;
  if (kind == fb::KernelTypes::IntList)
    status = read_list<IntList>(source.val_as_IntList()->items(), 0, value_count, value, budget);
  else if (kind == fb::KernelTypes::TensorList)
    status = read_list<TensorList>(source.val_as_TensorList()->items(), 0, value_count, value, budget);
  else
    status = read_list<OptionalTensorList>(source.val_as_OptionalTensorList()->items(), -1, value_count,
                                           value, budget);
  return status.ok() ? status : at_path(path + ".", status);
}

} // namespace xnnir
