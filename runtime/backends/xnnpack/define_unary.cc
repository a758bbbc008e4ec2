#include "backends/xnnpack/node_table.h"

namespace xnnir {
namespace {

xnn_unary_operator unary_operator(NodeKind kind) {
  switch (kind) {
  case NodeKind::kAbs:
    return xnn_unary_abs;
  case NodeKind::kBankersRounding:
    return xnn_unary_bankers_rounding;
  case NodeKind::kCeiling:
    return xnn_unary_ceiling;
  case NodeKind::kClamp:
    return xnn_unary_clamp;
  case NodeKind::kConvert:
    return xnn_unary_convert;
  case NodeKind::kCos:
    return xnn_unary_cosine;
  case NodeKind::kELU:
    return xnn_unary_elu;
  case NodeKind::kExp:
    return xnn_unary_exp;
  case NodeKind::kFloor:
    return xnn_unary_floor;
  case NodeKind::kGelu:
    return xnn_unary_gelu;
  case NodeKind::kHardswish:
    return xnn_unary_hardswish;
  case NodeKind::kLeakyReLU:
    return xnn_unary_leaky_relu;
  case NodeKind::kLog:
    return xnn_unary_log;
  case NodeKind::kNegate:
    return xnn_unary_negate;
  case NodeKind::kReciprocalSquareRoot:
    return xnn_unary_reciprocal_square_root;
  case NodeKind::kSigmoid:
    return xnn_unary_sigmoid;
#ifdef xnn_unary_silu
  case NodeKind::kSiLU:
    return xnn_unary_silu;
#endif
  case NodeKind::kSign:
    return xnn_unary_sign;
  case NodeKind::kSin:
    return xnn_unary_sine;
  case NodeKind::kSquare:
    return xnn_unary_square;
  case NodeKind::kSquareRoot:
    return xnn_unary_square_root;
  case NodeKind::kTanh:
    return xnn_unary_tanh;
  default:
    return xnn_unary_invalid;
  }
}

} // namespace

xnn_status define_unary(const NodeDefinition &definition) {
  const DelegateNode &node = definition.node();
  const xnn_unary_operator op = unary_operator(node.kind);
  if (op == xnn_unary_invalid)
    return xnn_status_unsupported_parameter;
  xnn_unary_params params = {};
  if (node.kind == NodeKind::kClamp)
    params.clamp = {node.output_min, node.output_max};
  else if (node.kind == NodeKind::kELU)
    params.elu.alpha = definition.params<SlopeParams>().slope;
  else if (node.kind == NodeKind::kLeakyReLU)
    params.leaky_relu.negative_slope = definition.params<SlopeParams>().slope;
  return xnn_define_unary(definition.subgraph(), op, &params, definition.input(0), definition.output(),
                          node.flags);
}

xnn_status define_softmax(const NodeDefinition &definition) {
  return xnn_define_softmax(definition.subgraph(), definition.input(0), definition.output(),
                            definition.node().flags);
}

xnn_status define_copy(const NodeDefinition &definition) {
  return xnn_define_copy(definition.subgraph(), definition.input(0), definition.output(),
                         definition.node().flags);
}

} // namespace xnnir
