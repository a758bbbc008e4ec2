// xnnir.runtime._C: the C++ runtime as xnnir/runtime/*.py use it. Types are in xnnir/runtime/_C.pyi.
#include <cstring>
#include <mutex>
#include <optional>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "core/memory.h"
#include "python/errors.h"
#include "python/input_array.h"
#include "python/output_tensor.h"
#include "xnnir/backend.h"
#include "xnnir/kernel.h"
#include "xnnir/program.h"
#include "xnnir/threads.h"

namespace py = pybind11;

namespace xnnir::python {

namespace {

// Calls that take the time of a run or a load let other Python threads go on.
template <typename Function> auto without_gil(Function function) {
  const py::gil_scoped_release release;
  return function();
}

py::object scalar_to_python(const Value &value) {
  if (const auto *number = std::get_if<int64_t>(&value))
    return py::int_(*number);
  if (const auto *flag = std::get_if<bool>(&value))
    return py::bool_(*flag);
  if (const auto *number = std::get_if<double>(&value))
    return py::float_(*number);
  if (const auto *text = std::get_if<std::string>(&value))
    return py::str(*text);
  if (std::holds_alternative<std::monostate>(value))
    return py::none();
  raise(make_status(StatusCode::kNotSupported, "a value is of kind %s, which has no Python form",
                    kind_of(value)));
}

// Memory of `tensor`, which is then Python's. `what` and `index` say of which, for messages.
Status allocate(const char *what, size_t index, size_t nbytes, OutputTensor &tensor, void *&data) {
  AlignedBuffer buffer = AlignedBuffer::allocate(nbytes);
  data = buffer.data();
  if (data == nullptr)
    return make_status(StatusCode::kMemoryAllocationFailed, "%s %zu needs %zu bytes", what, index, nbytes);
  tensor.memory = buffer.share();
  return {};
}

class PyMethod {
  // The last run's, whatever other threads do meanwhile.
  template <typename Function> auto with_profile(Function function) {
    return without_gil([&] {
      const std::lock_guard<std::mutex> lock(mutex_);
      return function(method_);
    });
  }

public:
  explicit PyMethod(Method method) : method_(std::move(method)) {}

  const MethodMeta &metadata() const { return method_.metadata(); }
  std::vector<ProfileEvent> profile_events() {
    return with_profile([](const Method &method) { return method.profile_events(); });
  }

  std::string profile_table() {
    return with_profile([](const Method &method) { return xnnir::profile_table(method.profile_events()); });
  }
  std::string profile_json() {
    return with_profile([](const Method &method) { return xnnir::profile_json(method.profile_events()); });
  }
  std::string profile_trace() {
    return with_profile([](const Method &method) {
      return xnnir::profile_trace(method.profile_events(), method.profile_spans());
    });
  }

  void reset() {
    without_gil([&] {
      const std::lock_guard<std::mutex> lock(mutex_);
      method_.reset();
    });
  }

  py::list execute(const py::sequence &arguments) {
    const std::vector<ValueMeta> &expected = metadata().inputs;
    std::vector<Input> inputs;
    std::vector<Value> values;
    inputs.reserve(arguments.size());
    for (size_t i = 0; i < arguments.size(); ++i) {
      inputs.emplace_back(py::object(arguments[i]), i, i < expected.size() ? &expected[i] : nullptr);
      values.push_back(inputs.back().value());
    }
    std::vector<OutputTensor> tensors;
    std::vector<Value> scalars;
    // The GIL first, the method then: two threads that run one method take turns, and Python goes on
    // meanwhile.
    const Status status = without_gil([&] {
      const std::lock_guard<std::mutex> lock(mutex_);
      return run(values, tensors, scalars);
    });
    raise_if_error(status);
    py::list results;
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (metadata().outputs[i].kind == "tensor")
        results.append(py::cast(std::move(tensors[i])));
      else
        results.append(scalar_to_python(scalars[i]));
    }
    return results;
  }

private:
  Status run(const std::vector<Value> &values, std::vector<OutputTensor> &tensors,
             std::vector<Value> &scalars) {
    const std::vector<ValueMeta> &outputs = metadata().outputs;
    XNNIR_RETURN_IF_ERROR(method_.set_inputs(Span<const Value>(values)));
    tensors.resize(outputs.size());
    scalars.resize(outputs.size());
    const Status status = run_into(outputs, tensors, scalars);
    // The memory belongs to Python from here on.
    for (size_t i = 0; i < outputs.size(); ++i)
      static_cast<void>(method_.set_output(i, nullptr, 0));
    return status;
  }

  Status run_into(const std::vector<ValueMeta> &outputs, std::vector<OutputTensor> &tensors,
                  std::vector<Value> &scalars) {
    std::vector<void *> data(outputs.size(), nullptr);
    for (size_t i = 0; i < outputs.size(); ++i) {
      // What an unbounded output needs is known when it is there.
      if (outputs[i].kind != "tensor" || outputs[i].tensor.dynamism == ShapeDynamism::kDynamicUnbound)
        continue;
      XNNIR_RETURN_IF_ERROR(allocate("output", i, outputs[i].tensor.nbytes, tensors[i], data[i]));
      XNNIR_RETURN_IF_ERROR(method_.set_output(i, data[i], outputs[i].tensor.nbytes, kOverReadBytes));
    }
    XNNIR_RETURN_IF_ERROR(method_.execute());
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].kind != "tensor") {
        scalars[i] = method_.output(i);
        continue;
      }
      const auto *output = std::get_if<Tensor>(&method_.output(i));
      if (output == nullptr)
        return make_status(StatusCode::kInvalidProgram, "output %zu became a value of kind %s", i,
                           kind_of(method_.output(i)));
      tensors[i].tensor = *output;
      if (data[i] == nullptr) {
        XNNIR_RETURN_IF_ERROR(allocate("output", i, output->nbytes(), tensors[i], data[i]));
        if (output->data() != nullptr)
          std::memcpy(data[i], output->data(), output->nbytes());
      }
      tensors[i].tensor.set_data(data[i], tensors[i].tensor.nbytes());
    }
    return {};
  }

  std::mutex mutex_;
  Method method_;
};

template <typename T> T take(Result<T> result) {
  raise_if_error(result.status());
  return std::move(*result);
}

// bytes are immutable, so they are used where they are.
Source buffer_source(const py::bytes &data) {
  char *bytes = nullptr;
  py::ssize_t size = 0;
  if (PyBytes_AsStringAndSize(data.ptr(), &bytes, &size) != 0)
    throw py::error_already_set();
  const std::shared_ptr<const void> owner(new py::bytes(data), [](const py::bytes *kept) {
    const py::gil_scoped_acquire acquire;
    delete kept;
  });
  return Source::buffer({reinterpret_cast<const uint8_t *>(bytes), static_cast<size_t>(size)}, owner);
}

// A path, bytes, or a descriptor with offset and size.
Source source_of(const py::handle &given) {
  if (py::isinstance<py::str>(given))
    return Source::file(given.cast<std::string>());
  if (py::isinstance<py::bytes>(given))
    return buffer_source(given.cast<py::bytes>());
  const auto [number, offset, size] = given.cast<std::tuple<int, uint64_t, uint64_t>>();
  return Source::descriptor(number, offset, size);
}

Program load_program(const py::object &program, const py::list &data, size_t num_threads,
                     bool weight_cache_enabled, const std::string &packed_cache_path,
                     int workspace_sharing_mode) {
  const Source source = source_of(program);
  ProgramOptions options;
  options.num_threads = num_threads;
  options.weight_cache_enabled = weight_cache_enabled;
  options.packed_cache_path = packed_cache_path;
  options.workspace_sharing_mode = static_cast<WorkspaceSharingMode>(workspace_sharing_mode);
  for (const py::handle &each : data)
    options.data.push_back(source_of(each));
  return take(without_gil([&] { return Program::load(source, options); }));
}

// A copy, as what it came from may not be written to.
py::object to_python(const Value &value, size_t index) {
  const auto *tensor = std::get_if<Tensor>(&value);
  if (tensor == nullptr)
    return scalar_to_python(value);
  OutputTensor copy;
  void *data = nullptr;
  raise_if_error(allocate("value", index, tensor->nbytes(), copy, data));
  if (tensor->nbytes() != 0)
    std::memcpy(data, tensor->data(), tensor->nbytes());
  copy.tensor = *tensor;
  copy.tensor.set_data(data, tensor->nbytes());
  return py::cast(std::move(copy));
}

py::list to_python(const std::vector<Value> &values) {
  py::list list;
  for (size_t i = 0; i < values.size(); ++i)
    list.append(to_python(values[i], i));
  return list;
}

py::list bundled_test_cases(const Program &program, const std::string &method) {
  py::list list;
  for (const BundledTestCase &each : take(program.bundled_test_cases(method)))
    list.append(py::make_tuple(to_python(each.inputs), to_python(each.expected_outputs)));
  return list;
}

std::unique_ptr<PyMethod> load_method(const Program &program, const std::string &name, bool profile,
                                      std::optional<uint64_t> max_instructions) {
  MethodOptions options;
  options.profile = profile;
  options.max_instructions = max_instructions.value_or(options.max_instructions);
  return std::make_unique<PyMethod>(take(without_gil([&] { return program.load_method(name, options); })));
}

std::vector<int> list_of(const std::vector<uint8_t> &numbers) { return {numbers.begin(), numbers.end()}; }

std::string describe(const TensorMeta &meta) {
  std::string text = std::string("TensorInfo(sizes=") + py::repr(py::cast(meta.sizes)).cast<std::string>() +
                     ", dtype=" + to_string(meta.dtype) +
                     ", dim_order=" + py::repr(py::cast(list_of(meta.dim_order))).cast<std::string>();
  if (meta.dynamism != ShapeDynamism::kStatic)
    text += ", sizes are upper bounds";
  return text + ")";
}

std::string describe_cache(const PackedCacheInfo &info) {
  return "PackedCacheInfo(read=" + std::to_string(info.read) + ", packed=" + std::to_string(info.packed) +
         ", written=" + (info.written ? "True" : "False") +
         ", message=" + py::repr(py::str(info.message)).cast<std::string>() + ")";
}

const TensorMeta &tensor_at(const std::vector<ValueMeta> &values, const char *what, size_t index) {
  if (index >= values.size())
    throw py::index_error(std::string(what) + " " + std::to_string(index) + " does not exist: there are " +
                          std::to_string(values.size()));
  if (values[index].kind != "tensor")
    throw py::type_error(std::string(what) + " " + std::to_string(index) + " is of kind " +
                         values[index].kind + ", expected tensor");
  return values[index].tensor;
}

std::vector<std::string> kinds_of(const std::vector<ValueMeta> &values) {
  std::vector<std::string> kinds;
  for (const ValueMeta &value : values)
    kinds.push_back(value.kind);
  return kinds;
}

void bind_metadata(py::module_ &module) {
  py::class_<TensorMeta>(module, "TensorInfo")
      .def("sizes", [](const TensorMeta &meta) { return py::tuple(py::cast(meta.sizes)); })
      .def("dtype", [](const TensorMeta &meta) { return static_cast<int>(meta.dtype); })
      .def("dim_order", [](const TensorMeta &meta) { return py::tuple(py::cast(list_of(meta.dim_order))); })
      .def("is_memory_planned", [](const TensorMeta &meta) { return meta.is_memory_planned; })
      .def("is_dynamic", [](const TensorMeta &meta) { return meta.dynamism != ShapeDynamism::kStatic; })
      .def("nbytes", [](const TensorMeta &meta) { return meta.nbytes; })
      .def_property_readonly("dtype_name", [](const TensorMeta &meta) { return to_string(meta.dtype); })
      .def("__repr__", describe);

  py::class_<MethodMeta>(module, "MethodMeta")
      .def("name", [](const MethodMeta &meta) { return meta.name; })
      .def("num_inputs", [](const MethodMeta &meta) { return meta.inputs.size(); })
      .def("num_outputs", [](const MethodMeta &meta) { return meta.outputs.size(); })
      .def("num_instructions", [](const MethodMeta &meta) { return meta.num_instructions; })
      .def("input_tensor_meta",
           [](const MethodMeta &meta, size_t index) { return tensor_at(meta.inputs, "input", index); })
      .def("output_tensor_meta",
           [](const MethodMeta &meta, size_t index) { return tensor_at(meta.outputs, "output", index); })
      .def("input_kinds", [](const MethodMeta &meta) { return kinds_of(meta.inputs); })
      .def("output_kinds", [](const MethodMeta &meta) { return kinds_of(meta.outputs); })
      .def("backends", [](const MethodMeta &meta) { return meta.backends; })
      .def("operators", [](const MethodMeta &meta) { return meta.operators; })
      .def("arena_sizes", [](const MethodMeta &meta) { return meta.arena_sizes; })
      .def("__repr__", [](const MethodMeta &meta) {
        return "MethodMeta(name='" + meta.name + "', num_inputs=" + std::to_string(meta.inputs.size()) +
               ", num_outputs=" + std::to_string(meta.outputs.size()) + ")";
      });

  py::class_<ProfileEvent>(module, "ProfileEvent")
      .def_readonly("name", &ProfileEvent::name)
      .def_readonly("location", &ProfileEvent::location)
      .def_readonly("instruction", &ProfileEvent::instruction)
      .def_readonly("node", &ProfileEvent::node)
      .def_readonly("nanoseconds", &ProfileEvent::nanoseconds)
      .def_readonly("bytes", &ProfileEvent::bytes)
      .def_readonly("count", &ProfileEvent::count)
      .def("__repr__", [](const ProfileEvent &event) {
        return "ProfileEvent(name='" + event.name + "', instruction=" + std::to_string(event.instruction) +
               ", node=" + std::to_string(event.node) + ", nanoseconds=" + std::to_string(event.nanoseconds) +
               (event.location.empty() ? "" : ", location='" + event.location + "'") + ")";
      });
}

} // namespace

PYBIND11_MODULE(_C, module) {
  bind_output_tensor(module);
  bind_metadata(module);
  py::class_<PyMethod>(module, "Method")
      .def("execute", &PyMethod::execute)
      .def("reset", &PyMethod::reset)
      .def("metadata", [](const PyMethod &method) { return method.metadata(); })
      .def("profile_events", &PyMethod::profile_events)
      .def("profile_table", &PyMethod::profile_table)
      .def("profile_json", &PyMethod::profile_json)
      .def("profile_trace", &PyMethod::profile_trace);
  py::class_<PackedCacheInfo>(module, "PackedCacheInfo")
      .def_readonly("read", &PackedCacheInfo::read)
      .def_readonly("packed", &PackedCacheInfo::packed)
      .def_readonly("read_bytes", &PackedCacheInfo::read_bytes)
      .def_readonly("packed_bytes", &PackedCacheInfo::packed_bytes)
      .def_readonly("written", &PackedCacheInfo::written)
      .def_readonly("message", &PackedCacheInfo::message)
      .def("__repr__", describe_cache);
  py::class_<Program>(module, "Program")
      .def_static("load", load_program, py::arg("program"), py::arg("data"), py::arg("num_threads"),
                  py::arg("weight_cache_enabled"), py::arg("packed_cache_path"),
                  py::arg("workspace_sharing_mode"))
      .def("method_names", &Program::method_names)
      .def("metadata",
           [](const Program &program, const std::string &name) { return take(program.metadata(name)); })
      .def("load_method", load_method, py::arg("name"), py::arg("profile"), py::arg("max_instructions"))
      .def("bundled_test_cases", bundled_test_cases)
      .def("num_threads", &Program::num_threads)
      .def("packed_cache_info", &Program::packed_cache_info);
  module.def("registered_backend_names", registered_backend_ids);
  module.def("is_backend_available", [](const std::string &id) {
    Backend *backend = find_backend(id);
    return backend != nullptr && backend->is_available();
  });
  module.def("operator_names", registered_kernel_names);
  module.def("default_thread_count", default_thread_count);
}

} // namespace xnnir::python
