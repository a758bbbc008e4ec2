#include "c_api/call.h"

#include "c_api/boundary.h"

using namespace xnnir;
using namespace xnnir::c_api;

namespace {

Result<Value *> argument(const xnnir_call *call, size_t index) {
  if (call == nullptr)
    return is_null("call");
  if (index >= call->args.size())
    return make_status(StatusCode::kInvalidArgument, "argument %zu does not exist: there are %zu", index,
                       call->args.size());
  return call->args[index];
}

Status wrong_kind(size_t index, const Value &value, const char *expected) {
  return make_status(StatusCode::kInvalidType, "argument %zu is of kind %s, expected %s", index,
                     kind_of(value), expected);
}

template <typename T> xnnir_status take_argument(const xnnir_call *call, size_t index, T *value) {
  return guarded("read an argument", [&]() -> Status {
    Result<Value *> found = argument(call, index);
    return found.ok() ? take(**found, "argument", index, value) : found.status();
  });
}

template <typename T> xnnir_status put_argument(const xnnir_call *call, size_t index, T value) {
  return guarded("set an argument", [&]() -> Status {
    Result<Value *> found = argument(call, index);
    if (!found.ok())
      return found.status();
    // Results that the file has no number for are None until they are computed.
    if (!std::holds_alternative<T>(**found) && !std::holds_alternative<std::monostate>(**found))
      return wrong_kind(index, **found, kind_of(Value(value)));
    **found = value;
    return {};
  });
}

Status no_item(size_t index, size_t item, size_t size) {
  return make_status(StatusCode::kInvalidArgument, "item %zu of argument %zu does not exist: there are %zu",
                     item, index, size);
}

// The slot of the value table that an item of a list names.
Result<const Value *> slot(const xnnir_call &call, const std::vector<int32_t> &slots, size_t index,
                           size_t item) {
  if (item >= slots.size())
    return no_item(index, item, slots.size());
  const int32_t number = slots[item];
  if (number < 0)
    return make_status(StatusCode::kNotFound, "item %zu of argument %zu is absent", item, index);
  if (static_cast<size_t>(number) >= call.table.size())
    return make_status(StatusCode::kInternal, "item %zu of argument %zu has no value", item, index);
  return &call.table[static_cast<size_t>(number)];
}

} // namespace

size_t xnnir_call_num_args(const xnnir_call *call) { return call == nullptr ? 0 : call->args.size(); }

int32_t xnnir_call_kind(const xnnir_call *call, size_t index) {
  Result<Value *> found = argument(call, index);
  return found.ok() ? kind_number(**found) : XNNIR_KIND_NONE;
}

xnnir_status xnnir_call_tensor(const xnnir_call *call, size_t index, xnnir_tensor *tensor) {
  return guarded("read an argument", [&]() -> Status {
    Result<Value *> found = argument(call, index);
    if (!found.ok())
      return found.status();
    const auto *held = std::get_if<Tensor>(*found);
    return held == nullptr ? wrong_kind(index, **found, "tensor") : write_tensor(*held, tensor);
  });
}

xnnir_status xnnir_call_int(const xnnir_call *call, size_t index, int64_t *value) {
  return take_argument(call, index, value);
}
xnnir_status xnnir_call_bool(const xnnir_call *call, size_t index, bool *value) {
  return take_argument(call, index, value);
}
xnnir_status xnnir_call_double(const xnnir_call *call, size_t index, double *value) {
  return take_argument(call, index, value);
}

xnnir_status xnnir_call_string(const xnnir_call *call, size_t index, const char **value) {
  return guarded("read an argument", [&]() -> Status {
    Result<Value *> found = argument(call, index);
    if (!found.ok())
      return found.status();
    if (value == nullptr)
      return is_null("value");
    const auto *text = std::get_if<std::string>(*found);
    if (text == nullptr)
      return wrong_kind(index, **found, "string");
    *value = text->c_str();
    return {};
  });
}

xnnir_status xnnir_call_list_size(const xnnir_call *call, size_t index, size_t *size) {
  return guarded("read a list", [&]() -> Status {
    Result<Value *> found = argument(call, index);
    if (!found.ok())
      return found.status();
    if (size == nullptr)
      return is_null("size");
    if (const auto *ints = std::get_if<IntList>(*found))
      *size = ints->values.size();
    else if (const auto *doubles = std::get_if<DoubleList>(*found))
      *size = doubles->size();
    else if (const auto *bools = std::get_if<BoolList>(*found))
      *size = bools->size();
    else if (const auto *tensors = std::get_if<TensorList>(*found))
      *size = tensors->values.size();
    else if (const auto *optional = std::get_if<OptionalTensorList>(*found))
      *size = optional->values.size();
    else
      return wrong_kind(index, **found, "a list");
    return {};
  });
}

xnnir_status xnnir_call_list_int(const xnnir_call *call, size_t index, size_t item, int64_t *value) {
  return guarded("read a list", [&]() -> Status {
    Result<Value *> found = argument(call, index);
    if (!found.ok())
      return found.status();
    if (const auto *bools = std::get_if<BoolList>(*found)) {
      if (value == nullptr)
        return is_null("value");
      if (item >= bools->size())
        return no_item(index, item, bools->size());
      *value = (*bools)[item] ? 1 : 0;
      return {};
    }
    const auto *ints = std::get_if<IntList>(*found);
    if (ints == nullptr)
      return wrong_kind(index, **found, "a list of ints or bools");
    Result<const Value *> number = slot(*call, ints->values, index, item);
    return number.ok() ? take(**number, "item", item, value) : number.status();
  });
}

xnnir_status xnnir_call_list_double(const xnnir_call *call, size_t index, size_t item, double *value) {
  return guarded("read a list", [&]() -> Status {
    Result<Value *> found = argument(call, index);
    if (!found.ok())
      return found.status();
    const auto *doubles = std::get_if<DoubleList>(*found);
    if (doubles == nullptr)
      return wrong_kind(index, **found, "a list of doubles");
    if (value == nullptr)
      return is_null("value");
    if (item >= doubles->size())
      return no_item(index, item, doubles->size());
    *value = (*doubles)[item];
    return {};
  });
}

xnnir_status xnnir_call_list_tensor(const xnnir_call *call, size_t index, size_t item, xnnir_tensor *tensor) {
  return guarded("read a list", [&]() -> Status {
    Result<Value *> found = argument(call, index);
    if (!found.ok())
      return found.status();
    const auto *tensors = std::get_if<TensorList>(*found);
    const auto *optional = std::get_if<OptionalTensorList>(*found);
    if (tensors == nullptr && optional == nullptr)
      return wrong_kind(index, **found, "a list of tensors");
    Result<const Value *> value =
        slot(*call, tensors != nullptr ? tensors->values : optional->values, index, item);
    if (!value.ok())
      return value.status();
    const auto *held = std::get_if<Tensor>(*value);
    if (held == nullptr)
      return make_status(StatusCode::kNotFound, "item %zu of argument %zu is absent", item, index);
    return write_tensor(*held, tensor);
  });
}

xnnir_status xnnir_call_resize(xnnir_call *call, size_t index, const int32_t *sizes, uint32_t rank) {
  return guarded("resize a tensor", [&]() -> Status {
    Result<Value *> found = argument(call, index);
    if (!found.ok())
      return found.status();
    if (sizes == nullptr && rank > 0)
      return is_null("sizes");
    auto *tensor = std::get_if<Tensor>(*found);
    if (tensor == nullptr)
      return wrong_kind(index, **found, "tensor");
    return tensor->resize({sizes, rank});
  });
}

xnnir_status xnnir_call_set_int(xnnir_call *call, size_t index, int64_t value) {
  return put_argument(call, index, value);
}
xnnir_status xnnir_call_set_bool(xnnir_call *call, size_t index, bool value) {
  return put_argument(call, index, value);
}
xnnir_status xnnir_call_set_double(xnnir_call *call, size_t index, double value) {
  return put_argument(call, index, value);
}
