#include "python/output_tensor.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "core/memory.h"
#include "python/dlpack.h"
#include "python/errors.h"

namespace py = pybind11;

namespace xnnir::python {

namespace {

// The struct module's code; null where there is none.
const char *format_of(ScalarType type) {
  switch (type) {
  case ScalarType::kByte:
  case ScalarType::kQUInt8:
    return "B";
  case ScalarType::kChar:
  case ScalarType::kQInt8:
    return "b";
  case ScalarType::kShort:
    return "h";
  case ScalarType::kInt:
  case ScalarType::kQInt32:
    return "i";
  case ScalarType::kLong:
    return "q";
  case ScalarType::kHalf:
    return "e";
  case ScalarType::kFloat:
    return "f";
  case ScalarType::kDouble:
    return "d";
  case ScalarType::kBool:
    return "?";
  case ScalarType::kUInt16:
    return "H";
  case ScalarType::kUInt32:
    return "I";
  case ScalarType::kUInt64:
    return "Q";
  case ScalarType::kBFloat16:
    break;
  }
  return nullptr;
}

dlpack::DataType dlpack_type(ScalarType type) {
  const uint8_t bits = static_cast<uint8_t>(8 * element_size(type));
  switch (type) {
  case ScalarType::kByte:
  case ScalarType::kQUInt8:
  case ScalarType::kUInt16:
  case ScalarType::kUInt32:
  case ScalarType::kUInt64:
    return {dlpack::kUInt, bits, 1};
  case ScalarType::kHalf:
  case ScalarType::kFloat:
  case ScalarType::kDouble:
    return {dlpack::kFloat, bits, 1};
  case ScalarType::kBFloat16:
    return {dlpack::kBfloat, bits, 1};
  case ScalarType::kBool:
    return {dlpack::kBool, bits, 1};
  default:
    return {dlpack::kInt, bits, 1};
  }
}

py::buffer_info buffer_of(OutputTensor &output) {
  const Tensor &tensor = output.tensor;
  const char *format = format_of(tensor.dtype());
  if (format == nullptr)
    throw py::buffer_error(std::string("NumPy has no dtype for ") + to_string(tensor.dtype()) +
                           "; give torch tensors, and torch tensors come back");
  const py::ssize_t bytes = static_cast<py::ssize_t>(element_size(tensor.dtype()));
  std::vector<py::ssize_t> shape(tensor.sizes().begin(), tensor.sizes().end());
  std::vector<py::ssize_t> strides;
  for (const int64_t stride : element_strides(tensor))
    strides.push_back(stride * bytes);
  return py::buffer_info(tensor.data(), bytes, format, static_cast<py::ssize_t>(tensor.rank()),
                         std::move(shape), std::move(strides));
}

// Lives as long as the consumer of the capsule wants the tensor.
template <typename Managed> struct Export {
  Managed managed = {};
  OutputTensor output;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;
};

template <typename Managed> void delete_export(Managed *managed) {
  delete static_cast<Export<Managed> *>(managed->manager);
}

// Runs when the capsule goes: the tensor is ours to delete unless somebody took it, and renamed the capsule.
template <typename Managed> void delete_capsule(PyObject *capsule) {
  const char *name = dlpack::Names<Managed>::kCapsule;
  if (PyCapsule_IsValid(capsule, name) == 0)
    return;
  auto *managed = static_cast<Managed *>(PyCapsule_GetPointer(capsule, name));
  managed->deleter(managed);
}

template <typename Managed> py::object make_capsule(OutputTensor output, bool is_copied) {
  auto exported = std::make_unique<Export<Managed>>();
  exported->output = std::move(output);
  const Tensor &tensor = exported->output.tensor;
  exported->shape.assign(tensor.sizes().begin(), tensor.sizes().end());
  exported->strides = element_strides(tensor);
  exported->managed.tensor = {tensor.data(),
                              {dlpack::kCpu, 0},
                              static_cast<int32_t>(tensor.rank()),
                              dlpack_type(tensor.dtype()),
                              exported->shape.data(),
                              exported->strides.data(),
                              0};
  exported->managed.manager = exported.get();
  exported->managed.deleter = delete_export<Managed>;
  if constexpr (std::is_same_v<Managed, dlpack::VersionedTensor>) {
    exported->managed.version = dlpack::kVersion;
    exported->managed.flags = is_copied ? dlpack::kIsCopied : 0;
  }
  PyObject *capsule =
      PyCapsule_New(&exported->managed, dlpack::Names<Managed>::kCapsule, delete_capsule<Managed>);
  if (capsule == nullptr)
    throw py::error_already_set();
  static_cast<void>(exported.release());
  return py::reinterpret_steal<py::object>(capsule);
}

OutputTensor copy_of(const OutputTensor &output) {
  OutputTensor copy = output;
  const size_t nbytes = output.tensor.nbytes();
  AlignedBuffer buffer = AlignedBuffer::allocate(nbytes);
  if (buffer.data() == nullptr)
    throw std::bad_alloc();
  if (nbytes > 0)
    std::memcpy(buffer.data(), output.tensor.data(), nbytes);
  copy.tensor.set_data(buffer.data(), nbytes);
  copy.memory = buffer.share();
  return copy;
}

// The array API's __dlpack__(stream, max_version, dl_device, copy).
py::object to_dlpack(const OutputTensor &output, const py::object &stream, const py::object &max_version,
                     const py::object &device, const py::object &copy) {
  if (!stream.is_none())
    throw py::value_error("stream is " + py::repr(stream).cast<std::string>() +
                          ", expected None: memory of the CPU has no streams");
  if (!device.is_none() && !device.equal(py::make_tuple(dlpack::kCpu, 0)))
    throw py::buffer_error("dl_device is " + py::repr(device).cast<std::string>() +
                           ", expected (1, 0): outputs are in the CPU's memory");
  const bool is_copied = !copy.is_none() && copy.cast<bool>();
  OutputTensor given = is_copied ? copy_of(output) : output;
  if (!max_version.is_none() && py::tuple(max_version)[0].cast<uint32_t>() >= dlpack::kVersion.major)
    return make_capsule<dlpack::VersionedTensor>(std::move(given), is_copied);
  return make_capsule<dlpack::ManagedTensor>(std::move(given), is_copied);
}

} // namespace

std::vector<int64_t> element_strides(const Tensor &tensor) {
  std::vector<int64_t> strides(tensor.rank());
  int64_t stride = 1;
  for (size_t i = tensor.rank(); i-- > 0;) {
    const uint8_t dim = tensor.dim_order()[i];
    strides[dim] = stride;
    stride *= std::max(tensor.sizes()[dim], 1);
  }
  return strides;
}

void bind_output_tensor(py::module_ &module) {
  py::class_<OutputTensor>(module, "OutputTensor", py::buffer_protocol())
      .def_buffer(buffer_of)
      .def("__dlpack__", to_dlpack, py::kw_only(), py::arg("stream") = py::none(),
           py::arg("max_version") = py::none(), py::arg("dl_device") = py::none(),
           py::arg("copy") = py::none())
      .def("__dlpack_device__", [](const OutputTensor &) { return py::make_tuple(dlpack::kCpu, 0); });
}

} // namespace xnnir::python
