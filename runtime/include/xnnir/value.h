// One slot of a method's value table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "xnnir/tensor.h"

namespace xnnir {

// Lists hold indices into the same value table, as the file does: a list of sizes can follow a symbolic size.
struct IntList {
  std::vector<int32_t> values;
};
struct TensorList {
  std::vector<int32_t> values;
};
// -1 stands for None.
struct OptionalTensorList {
  std::vector<int32_t> values;
};
using DoubleList = std::vector<double>;
using BoolList = std::vector<bool>;

using Value = std::variant<std::monostate, int64_t, bool, double, Tensor, std::string, IntList, DoubleList,
                           BoolList, TensorList, OptionalTensorList>;

// "int", "tensor", ...: the name of what the slot holds, for messages.
const char *kind_of(const Value &value);

} // namespace xnnir
