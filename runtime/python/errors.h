// From status codes to Python's exceptions.
#pragma once

#include <pybind11/pybind11.h>

#include "xnnir/status.h"

namespace xnnir::python {

// Raises what xnnir.runtime.errors makes of the status. The GIL must be held.
[[noreturn]] inline void raise(const Status &status) {
  namespace py = pybind11;
  // A damaged file may have anything where names should be, and messages quote them.
  const auto message = py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(
      status.message().data(), static_cast<py::ssize_t>(status.message().size()), "backslashreplace"));
  if (!message)
    throw py::error_already_set();
  const py::object error = py::module_::import("xnnir.runtime.errors")
                               .attr("error_for")(static_cast<uint32_t>(status.code()), message);
  PyErr_SetObject(reinterpret_cast<PyObject *>(Py_TYPE(error.ptr())), error.ptr());
  throw py::error_already_set();
}

inline void raise_if_error(const Status &status) {
  if (!status.ok())
    raise(status);
}

} // namespace xnnir::python
