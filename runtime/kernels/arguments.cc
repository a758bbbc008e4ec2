#include "kernels/arguments.h"

#include <limits>

namespace xnnir {

Arguments::Arguments(KernelContext &context, Span<Value *> args, size_t count)
    : context_(context), args_(args) {
  if (args.size() != count)
    status_ = make_status(StatusCode::kInvalidProgram, "the call has %zu arguments, expected %zu",
                          args.size(), count);
}

Arguments::Arguments(KernelContext &context, Span<Value *> args, size_t parameters, size_t outputs)
    : Arguments(context, args, args.size() == parameters + outputs ? parameters + outputs : parameters + 1) {}

void Arguments::fail(Status status) {
  if (status_.ok())
    status_ = std::move(status);
}

template <typename T> const T *Arguments::get(size_t index, const char *name, const char *expected) {
  if (!ok())
    return nullptr;
  const T *value = std::get_if<T>(args_[index]);
  if (value == nullptr)
    fail(make_status(StatusCode::kInvalidType, "%s is of kind %s, expected %s", name, kind_of(*args_[index]),
                     expected));
  return value;
}

const Tensor *Arguments::checked(const Value &value, const char *name) {
  const auto *tensor = std::get_if<Tensor>(&value);
  if (tensor == nullptr)
    fail(make_status(StatusCode::kInvalidType, "%s is of kind %s, expected tensor", name, kind_of(value)));
  else if (tensor->data() == nullptr && tensor->numel() > 0)
    fail(make_status(StatusCode::kInvalidState, "%s is a tensor that no memory was given to", name));
  else
    return tensor;
  return nullptr;
}

const Tensor *Arguments::tensor(size_t index, const char *name) {
  return ok() ? checked(*args_[index], name) : nullptr;
}

const Tensor *Arguments::optional_tensor(size_t index, const char *name) {
  if (!ok() || std::holds_alternative<std::monostate>(*args_[index]))
    return nullptr;
  const Tensor *given = tensor(index, name);
  const bool is_stand_in = given != nullptr && given->dtype() == ScalarType::kByte && given->rank() == 1 &&
                           given->numel() == 0 && given->data() == nullptr;
  return is_stand_in ? nullptr : given;
}

Tensor *Arguments::output(size_t index) {
  if (tensor(index, "out") == nullptr)
    return nullptr;
  // A kernel that resizes its result would resize what it has yet to read.
  for (size_t i = 0; i < index; ++i)
    if (args_[i] == args_[index]) {
      fail(make_status(StatusCode::kInvalidProgram,
                       "out is argument %zu as well, expected a tensor of its own", i));
      return nullptr;
    }
  auto *out = std::get_if<Tensor>(args_[index]);
  if (out->read_only()) {
    fail(
        make_status(StatusCode::kInvalidProgram, "out is a constant or an input, which must not be written"));
    return nullptr;
  }
  return out;
}

int64_t Arguments::integer(size_t index, const char *name) {
  const auto *value = get<int64_t>(index, name, "int");
  return value == nullptr ? 0 : *value;
}

std::optional<int64_t> Arguments::optional_integer(size_t index, const char *name) {
  if (!ok() || std::holds_alternative<std::monostate>(*args_[index]))
    return std::nullopt;
  return integer(index, name);
}

double Arguments::scalar(size_t index, const char *name) {
  if (!ok())
    return 0;
  if (const auto *number = std::get_if<int64_t>(args_[index]))
    return static_cast<double>(*number);
  if (const auto *flag = std::get_if<bool>(args_[index]))
    return *flag ? 1 : 0;
  const auto *number = get<double>(index, name, "int, double or bool");
  return number == nullptr ? 0 : *number;
}

std::optional<ScalarType> Arguments::optional_dtype(size_t index, const char *name) {
  const std::optional<int64_t> number = optional_integer(index, name);
  if (!number.has_value() || !ok())
    return std::nullopt;
  if (*number >= 0 && *number <= std::numeric_limits<int8_t>::max() &&
      element_size(static_cast<ScalarType>(*number)) != 0)
    return static_cast<ScalarType>(*number);
  fail(make_status(StatusCode::kInvalidArgument, "%s is %lld, which is no dtype that the runtime knows", name,
                   static_cast<long long>(*number)));
  return std::nullopt;
}

Scalar Arguments::scalar_value(size_t index, const char *name) {
  if (!ok())
    return {};
  if (const auto *number = std::get_if<int64_t>(args_[index]))
    return Scalar(*number);
  if (const auto *flag = std::get_if<bool>(args_[index]))
    return Scalar(*flag);
  const auto *number = get<double>(index, name, "int, double or bool");
  return number == nullptr ? Scalar() : Scalar(*number);
}

std::optional<Scalar> Arguments::optional_scalar(size_t index, const char *name) {
  if (!ok() || std::holds_alternative<std::monostate>(*args_[index]))
    return std::nullopt;
  return scalar_value(index, name);
}

std::optional<double> Arguments::optional_number(size_t index, const char *name) {
  if (!ok() || std::holds_alternative<std::monostate>(*args_[index]))
    return std::nullopt;
  return scalar(index, name);
}

std::string Arguments::text(size_t index, const char *name) {
  if (!ok() || std::holds_alternative<std::monostate>(*args_[index]))
    return {};
  const auto *text = get<std::string>(index, name, "string");
  return text == nullptr ? std::string() : *text;
}

bool Arguments::boolean(size_t index, const char *name) {
  const auto *value = get<bool>(index, name, "bool");
  return value != nullptr && *value;
}

Dims Arguments::int_list(size_t index, const char *name) {
  Dims dims;
  const auto *list = get<IntList>(index, name, "int list");
  if (list == nullptr)
    return dims;
  if (list->values.size() > kMaxTensorRank) {
    fail(make_status(StatusCode::kNotSupported, "%s has %zu entries, expected at most %zu", name,
                     list->values.size(), kMaxTensorRank));
    return dims;
  }
  for (const int32_t slot : list->values) {
    const auto *value = std::get_if<int64_t>(&context_.values()[static_cast<size_t>(slot)]);
    if (value == nullptr) {
      fail(make_status(StatusCode::kInvalidType, "%s has an entry of kind %s, expected int", name,
                       kind_of(context_.values()[static_cast<size_t>(slot)])));
      return dims;
    }
    dims.append(*value);
  }
  return dims;
}

std::optional<Dims> Arguments::optional_int_list(size_t index, const char *name) {
  if (!ok() || std::holds_alternative<std::monostate>(*args_[index]))
    return std::nullopt;
  return int_list(index, name);
}

const DoubleList *Arguments::optional_double_list(size_t index, const char *name) {
  if (!ok() || std::holds_alternative<std::monostate>(*args_[index]))
    return nullptr;
  return get<DoubleList>(index, name, "double list");
}

size_t Arguments::list_size(size_t index, const char *name) {
  const auto *list = get<TensorList>(index, name, "tensor list");
  return list == nullptr ? 0 : list->values.size();
}

const Tensor *Arguments::list_item(size_t index, size_t item, const char *name) {
  const auto *list = get<TensorList>(index, name, "tensor list");
  return list == nullptr ? nullptr
                         : checked(context_.values()[static_cast<size_t>(list->values[item])], name);
}

size_t Arguments::optional_list_size(size_t index, const char *name) {
  if (ok() && std::holds_alternative<TensorList>(*args_[index]))
    return list_size(index, name);
  const auto *list = get<OptionalTensorList>(index, name, "optional tensor list");
  return list == nullptr ? 0 : list->values.size();
}

const Tensor *Arguments::optional_list_item(size_t index, size_t item, const char *name) {
  if (ok() && std::holds_alternative<TensorList>(*args_[index]))
    return list_item(index, item, name);
  const auto *list = get<OptionalTensorList>(index, name, "optional tensor list");
  if (list == nullptr || list->values[item] < 0)
    return nullptr;
  const Value &value = context_.values()[static_cast<size_t>(list->values[item])];
  return std::holds_alternative<std::monostate>(value) ? nullptr : checked(value, name);
}

Tensor *Arguments::output_item(size_t index, size_t item) {
  const Tensor *out = list_item(index, item, "out");
  if (out == nullptr)
    return nullptr;
  if (out->read_only()) {
    fail(make_status(StatusCode::kInvalidProgram,
                     "out[%zu] is a constant or an input, which must not be written", item));
    return nullptr;
  }
  return const_cast<Tensor *>(out);
}

size_t Arguments::int_list_size(size_t index, const char *name) {
  const auto *list = get<IntList>(index, name, "int list");
  return list == nullptr ? 0 : list->values.size();
}

int64_t Arguments::int_list_item(size_t index, size_t item, const char *name) {
  const auto *list = get<IntList>(index, name, "int list");
  if (list == nullptr)
    return 0;
  const Value &value = context_.values()[static_cast<size_t>(list->values[item])];
  if (const auto *number = std::get_if<int64_t>(&value))
    return *number;
  fail(make_status(StatusCode::kInvalidType, "%s has an entry of kind %s, expected int", name,
                   kind_of(value)));
  return 0;
}

size_t Arguments::dim(size_t index, const char *name, size_t rank) {
  Result<size_t> dim = normalize_dim(integer(index, name), rank, name);
  if (dim.ok())
    return *dim;
  fail(dim.status());
  return 0;
}

Result<size_t> normalize_dim(int64_t dim, size_t rank, const char *name) {
  const int64_t count = rank == 0 ? 1 : static_cast<int64_t>(rank);
  if (dim < -count || dim >= count)
    return make_status(StatusCode::kInvalidArgument, "%s is %lld, expected %lld to %lld", name,
                       static_cast<long long>(dim), static_cast<long long>(-count),
                       static_cast<long long>(count - 1));
  return static_cast<size_t>(dim < 0 ? dim + count : dim);
}

Status resize_output(Tensor &out, const Dims &sizes) {
  int32_t narrow[kMaxTensorRank];
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 0 || sizes[i] > std::numeric_limits<int32_t>::max())
      return make_status(StatusCode::kInvalidArgument, "size %zu of the result is %lld, expected 0 to %d", i,
                         static_cast<long long>(sizes[i]), std::numeric_limits<int32_t>::max());
    narrow[i] = static_cast<int32_t>(sizes[i]);
  }
  XNNIR_RETURN_IF_ERROR(out.resize({narrow, sizes.size()}));
  if (out.data() == nullptr && out.numel() > 0)
    return make_status(StatusCode::kInvalidState, "out is a tensor that no memory was given to");
  return {};
}

Status expect_same_dtype(const Tensor &self, const Tensor &out) {
  if (self.dtype() != out.dtype())
    return make_status(StatusCode::kInvalidType, "out has dtype %s, expected %s as the input has",
                       to_string(out.dtype()), to_string(self.dtype()));
  return {};
}

} // namespace xnnir
