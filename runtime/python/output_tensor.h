// Outputs as Python objects that own their memory: NumPy takes them by the buffer protocol, torch by DLPack.
#pragma once

#include <memory>

#include <pybind11/pybind11.h>

#include "xnnir/tensor.h"

namespace xnnir::python {

struct OutputTensor {
  Tensor tensor;
  std::shared_ptr<void> memory;
};

// Strides in elements, by logical dimension.
std::vector<int64_t> element_strides(const Tensor &tensor);

void bind_output_tensor(pybind11::module_ &module);

} // namespace xnnir::python
