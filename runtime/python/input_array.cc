#include "python/input_array.h"

#include <limits>
#include <string>

#include "kernels/strided_copy.h"
#include "python/errors.h"

namespace py = pybind11;

namespace xnnir::python {

namespace {

[[noreturn]] void refuse(size_t index, const std::string &why) {
  raise(Status(StatusCode::kInvalidArgument, "input " + std::to_string(index) + " " + why));
}

// The struct module's codes for native types, without the byte order before them.
std::optional<ScalarType> dtype_of_format(std::string format, size_t itemsize) {
  if (!format.empty() && (format[0] == '<' || format[0] == '=' || format[0] == '@' || format[0] == '|'))
    format.erase(0, 1);
  if (format.size() != 1)
    return std::nullopt;
  switch (format[0]) {
  case '?':
    return ScalarType::kBool;
  case 'e':
    return ScalarType::kHalf;
  case 'f':
    return ScalarType::kFloat;
  case 'd':
    return ScalarType::kDouble;
  case 'b':
  case 'h':
  case 'i':
  case 'l':
  case 'q':
    return itemsize == 1   ? ScalarType::kChar
           : itemsize == 2 ? ScalarType::kShort
           : itemsize == 4 ? ScalarType::kInt
                           : ScalarType::kLong;
  case 'B':
  case 'H':
  case 'I':
  case 'L':
  case 'Q':
    return itemsize == 1   ? ScalarType::kByte
           : itemsize == 2 ? ScalarType::kUInt16
           : itemsize == 4 ? ScalarType::kUInt32
                           : ScalarType::kUInt64;
  default:
    return std::nullopt;
  }
}

std::optional<ScalarType> dtype_of_dlpack(dlpack::DataType type) {
  if (type.lanes != 1)
    return std::nullopt;
  const int width = type.bits;
  switch (type.code) {
  case dlpack::kInt:
    return width == 8    ? std::optional(ScalarType::kChar)
           : width == 16 ? std::optional(ScalarType::kShort)
           : width == 32 ? std::optional(ScalarType::kInt)
           : width == 64 ? std::optional(ScalarType::kLong)
                         : std::nullopt;
  case dlpack::kUInt:
    return width == 8    ? std::optional(ScalarType::kByte)
           : width == 16 ? std::optional(ScalarType::kUInt16)
           : width == 32 ? std::optional(ScalarType::kUInt32)
           : width == 64 ? std::optional(ScalarType::kUInt64)
                         : std::nullopt;
  case dlpack::kFloat:
    return width == 16   ? std::optional(ScalarType::kHalf)
           : width == 32 ? std::optional(ScalarType::kFloat)
           : width == 64 ? std::optional(ScalarType::kDouble)
                         : std::nullopt;
  case dlpack::kBfloat:
    return width == 16 ? std::optional(ScalarType::kBFloat16) : std::nullopt;
  case dlpack::kBool:
    return width == 8 ? std::optional(ScalarType::kBool) : std::nullopt;
  default:
    return std::nullopt;
  }
}

std::vector<int64_t> contiguous_strides(const std::vector<int64_t> &shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * std::max<int64_t>(shape[i], 1);
  return strides;
}

bool is_dense(const Dims &wanted, const std::vector<int64_t> &strides, const std::vector<int64_t> &shape) {
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != 1 && strides[i] != wanted[i])
      return false;
  return true;
}

} // namespace

Input::Input(const py::handle &object, size_t index, const ValueMeta *expected) {
  if (object.is_none()) {
    return;
  }
  if (PyBool_Check(object.ptr())) {
    value_ = object.cast<bool>();
  } else if (PyLong_Check(object.ptr())) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(object.ptr(), &overflow);
    if (overflow != 0)
      refuse(index, "is an int beyond 64 bits");
    value_ = static_cast<int64_t>(number);
  } else if (PyFloat_Check(object.ptr())) {
    value_ = object.cast<double>();
  } else if (PyUnicode_Check(object.ptr())) {
    value_ = object.cast<std::string>();
  } else if (PyObject_CheckBuffer(object.ptr()) != 0) {
    set_tensor(from_buffer(object, index), index, expected);
  } else if (PyCapsule_CheckExact(object.ptr()) != 0) {
    set_tensor(from_capsule(object, index), index, expected);
  } else if (py::hasattr(object, "__dlpack__")) {
    set_tensor(from_dlpack(object, index), index, expected);
  } else {
    throw py::type_error(
        "input " + std::to_string(index) + " is a " + Py_TYPE(object.ptr())->tp_name +
        ", expected an array (buffer protocol or __dlpack__), None, bool, int, float or str");
  }
}

Input::Array Input::from_buffer(const py::handle &object, size_t index) {
  buffer_ = py::reinterpret_borrow<py::buffer>(object).request();
  const py::buffer_info &info = *buffer_;
  const std::optional<ScalarType> dtype = dtype_of_format(info.format, static_cast<size_t>(info.itemsize));
  if (!dtype)
    refuse(index, "has elements of format '" + info.format + "', which is no dtype of tensors");
  Array array;
  array.dtype = *dtype;
  array.data = info.ptr;
  for (size_t i = 0; i < info.shape.size(); ++i) {
    // Strides of dimensions that are never stepped along may be anything.
    if (info.strides[i] % info.itemsize != 0 && info.shape[i] > 1)
      refuse(index, "has a stride that is no multiple of its element size; copy it first");
    array.shape.push_back(info.shape[i]);
    array.strides.push_back(info.strides[i] / info.itemsize);
  }
  return array;
}

Input::Array Input::from_dlpack(const py::handle &object, size_t index) {
  // A device's memory may have no form as a capsule, so it is asked for first.
  const py::tuple device = object.attr("__dlpack_device__")();
  if (device[0].cast<int>() != dlpack::kCpu)
    refuse(index, "is not in the CPU's memory; move it there first");
  // Producers of before version 1.0 do not know the argument.
  py::object capsule;
  try {
    capsule = object.attr("__dlpack__")(py::arg("max_version") =
                                            py::make_tuple(dlpack::kVersion.major, dlpack::kVersion.minor));
  } catch (py::error_already_set &error) {
    if (!error.matches(PyExc_TypeError))
      throw;
    capsule = object.attr("__dlpack__")();
  }
  return from_capsule(capsule, index);
}

Input::Array Input::from_capsule(const py::handle &capsule, size_t index) {
  if (PyCapsule_IsValid(capsule.ptr(), dlpack::Names<dlpack::VersionedTensor>::kCapsule) != 0)
    return from_managed(capsule, index, versioned_);
  if (PyCapsule_IsValid(capsule.ptr(), dlpack::Names<dlpack::ManagedTensor>::kCapsule) != 0)
    return from_managed(capsule, index, managed_);
  throw py::type_error("input " + std::to_string(index) +
                       " is a capsule without a tensor of DLPack's; one can be taken once only");
}

template <typename Managed>
Input::Array Input::from_managed(const py::handle &capsule, size_t index,
                                 std::unique_ptr<Managed, DeleteManaged> &owner) {
  using Names = dlpack::Names<Managed>;
  auto *managed = static_cast<Managed *>(PyCapsule_GetPointer(capsule.ptr(), Names::kCapsule));
  if (managed == nullptr)
    throw py::error_already_set();
  // The name tells the capsule that its content has a new owner.
  if (PyCapsule_SetName(capsule.ptr(), Names::kUsedCapsule) != 0)
    throw py::error_already_set();
  owner.reset(managed);
  if constexpr (std::is_same_v<Managed, dlpack::VersionedTensor>)
    if (managed->version.major != dlpack::kVersion.major)
      refuse(index, "has DLPack's version " + std::to_string(managed->version.major) + "." +
                        std::to_string(managed->version.minor) + ", expected 0 or 1");
  const dlpack::Tensor &tensor = managed->tensor;
  if (tensor.device.type != dlpack::kCpu)
    refuse(index, "is not in the CPU's memory; move it there first");
  const std::optional<ScalarType> dtype = dtype_of_dlpack(tensor.dtype);
  if (!dtype)
    refuse(index, "has a dtype that the runtime does not know (DLPack code " +
                      std::to_string(tensor.dtype.code) + ", " + std::to_string(tensor.dtype.bits) +
                      " bits)");
  Array array;
  array.dtype = *dtype;
  array.data = static_cast<const uint8_t *>(tensor.data) + tensor.byte_offset;
  if (tensor.ndim > 0)
    array.shape.assign(tensor.shape, tensor.shape + tensor.ndim);
  if (tensor.strides != nullptr)
    array.strides.assign(tensor.strides, tensor.strides + tensor.ndim);
  else
    array.strides = contiguous_strides(array.shape);
  return array;
}

void Input::set_tensor(const Array &array, size_t index, const ValueMeta *expected) {
  std::vector<int32_t> sizes;
  for (const int64_t size : array.shape) {
    if (size < 0 || size > std::numeric_limits<int32_t>::max())
      refuse(index, "has a size of " + std::to_string(size) + ", expected 0 to 2147483647");
    sizes.push_back(static_cast<int32_t>(size));
  }
  std::vector<uint8_t> order;
  if (expected != nullptr && expected->tensor.dim_order.size() == sizes.size())
    order = expected->tensor.dim_order;
  else
    for (size_t i = 0; i < sizes.size(); ++i)
      order.push_back(static_cast<uint8_t>(i));
  Result<Tensor> made = Tensor::make(array.dtype, Span<const int32_t>(sizes), Span<const uint8_t>(order),
                                     ShapeDynamism::kStatic);
  if (!made.ok())
    refuse(index, "cannot be taken: " + made.status().message());
  Tensor tensor = *made;

  const Dims strides = strides_of(tensor);
  const size_t bytes = element_size(array.dtype);
  const bool aligned = reinterpret_cast<uintptr_t>(array.data) % bytes == 0;
  if (tensor.numel() == 0 || (aligned && is_dense(strides, array.strides, array.shape))) {
    tensor.set_read_only_data(array.data, tensor.nbytes());
  } else {
    copy_ = AlignedBuffer::allocate(tensor.nbytes());
    if (copy_.data() == nullptr)
      raise(make_status(StatusCode::kMemoryAllocationFailed, "input %zu needs a copy of %zu bytes", index,
                        tensor.nbytes()));
    Dims in_strides;
    for (const int64_t stride : array.strides)
      in_strides.append(stride);
    strided_copy(nullptr, bytes, sizes_of(tensor), array.data, in_strides, copy_.data(), strides);
    tensor.set_read_only_data(copy_.data(), tensor.nbytes(), kOverReadBytes);
  }
  value_ = tensor;
}

} // namespace xnnir::python
