// Inputs for a run: from .npy files, or random.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xnnir/method_meta.h"
#include "xnnir/status.h"
#include "xnnir/value.h"

namespace xnnir {

// Values, and the memory that tensors among them point to.
struct Inputs {
  std::vector<Value> values;
  std::vector<std::vector<uint8_t>> memory;
};

// One input for each that the method takes. `paths` are .npy files for the tensors in order, or none: then
// floats are uniform in [-1, 1), integers in [0, 2), from `seed`, at the largest shape. kNotSupported for
// inputs that are no tensors: a method was exported with their values, which its metadata does not tell.
Result<Inputs> make_inputs(const MethodMeta &method, const std::vector<std::string> &paths, uint64_t seed);

} // namespace xnnir
