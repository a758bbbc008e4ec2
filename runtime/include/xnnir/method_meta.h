// What a method takes and gives, known without loading it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "xnnir/tensor.h"

namespace xnnir {

struct TensorMeta {
  ScalarType dtype = ScalarType::kFloat;
  // Upper bounds where the shape is dynamic.
  std::vector<int32_t> sizes;
  // From outermost to innermost in memory; see Tensor.
  std::vector<uint8_t> dim_order;
  ShapeDynamism dynamism = ShapeDynamism::kStatic;
  // Bytes of a tensor of these sizes.
  size_t nbytes = 0;
  // True when the method keeps a place for it in its arenas.
  bool is_memory_planned = false;
};

struct ValueMeta {
  // "tensor", "int", "bool", "double", "string", "none" …; `tensor` says more about tensors only.
  std::string kind;
  TensorMeta tensor;
};

struct MethodMeta {
  std::string name;
  std::vector<ValueMeta> inputs;
  std::vector<ValueMeta> outputs;
  // Ids of the backends that the method delegates to, one for each delegate.
  std::vector<std::string> backends;
  // Operators that run on the host: "aten::view_copy.out".
  std::vector<std::string> operators;
  size_t num_instructions = 0;
  // Bytes of the planned arenas.
  std::vector<size_t> arena_sizes;
};

} // namespace xnnir
