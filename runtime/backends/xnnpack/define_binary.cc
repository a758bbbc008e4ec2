#include "backends/xnnpack/node_table.h"

namespace xnnir {
namespace {

xnn_binary_operator binary_operator(NodeKind kind) {
  switch (kind) {
  case NodeKind::kAdd:
    return xnn_binary_add;
  case NodeKind::kAtan2:
    return xnn_binary_atan2;
  case NodeKind::kCopysign:
    return xnn_binary_copysign;
  case NodeKind::kDiv:
    return xnn_binary_divide;
  case NodeKind::kMaximum:
    return xnn_binary_maximum;
  case NodeKind::kMinimum:
    return xnn_binary_minimum;
  case NodeKind::kModulus:
    return xnn_binary_modulus;
  case NodeKind::kMultiply:
    return xnn_binary_multiply;
  case NodeKind::kPow:
    return xnn_binary_pow;
  case NodeKind::kPReLU:
    return xnn_binary_prelu;
  case NodeKind::kSquaredDifference:
    return xnn_binary_squared_difference;
  case NodeKind::kSubtract:
    return xnn_binary_subtract;
  default:
    return xnn_binary_invalid;
  }
}

} // namespace

// Output bounds have become a Clamp node before (lowering.h).
xnn_status define_binary(const NodeDefinition &definition) {
  return xnn_define_binary(definition.subgraph(), binary_operator(definition.node().kind), nullptr,
                           definition.input(0), definition.input(1), definition.output(),
                           definition.node().flags);
}

} // namespace xnnir
