#include "backends/xnnpack/node_table.h"

#include <array>

#ifdef XNNIR_SELECTION
#include "xnnir_selection.h"
#endif

namespace xnnir {
namespace {

using Table = std::array<NodeEntry, kAllNodeKindCount + 1>;

// Builds for certain programs leave out the nodes that those do not have (cmake/selection.cmake).
constexpr bool is_in_programs([[maybe_unused]] NodeKind kind) {
#ifdef XNNIR_SELECTION
#define XNNIR_IS_KIND(name) || kind == NodeKind::k##name
  return false XNNIR_SELECTED_NODES(XNNIR_IS_KIND);
#undef XNNIR_IS_KIND
#else
  return true;
#endif
}

constexpr bool is_selected(NodeKind kind) {
  switch (kind) {
  // simplify() makes these of others.
  case NodeKind::kSiLU:
    return is_in_programs(NodeKind::kSigmoid);
  case NodeKind::kClamp:
    return is_in_programs(NodeKind::kClamp) || is_in_programs(NodeKind::kAdd) ||
           is_in_programs(NodeKind::kDiv) || is_in_programs(NodeKind::kGlobalAvgPooling2d) ||
           is_in_programs(NodeKind::kMultiply) || is_in_programs(NodeKind::kSubtract);
  default:
    return is_in_programs(kind);
  }
}

// A function that no node refers to is not linked, and what it alone needs of XNNPACK neither.
template <DefineFunction kDefine, NodeKind... kKinds> constexpr DefineFunction if_selected() {
  if constexpr ((is_selected(kKinds) || ...))
    return kDefine;
  else
    return define_left_out;
}

template <InferFunction kInfer, DefineFunction kDefine, NodeKind... kKinds> void set(Table &table) {
  for (const NodeKind kind : {kKinds...})
    table[static_cast<size_t>(kind)] = {kInfer, if_selected<kDefine, kKinds...>()};
}

Table make_table() {
  using Kind = NodeKind;
  Table table;
  table.fill({infer_unary, define_left_out});
  set<infer_unary, define_unary, Kind::kSigmoid, Kind::kClamp, Kind::kFloor, Kind::kConvert,
      Kind::kSquareRoot, Kind::kCeiling, Kind::kHardswish, Kind::kLeakyReLU, Kind::kNegate, Kind::kSquare,
      Kind::kELU, Kind::kAbs, Kind::kReciprocalSquareRoot, Kind::kLog, Kind::kGelu, Kind::kTanh, Kind::kExp,
      Kind::kSin, Kind::kCos, Kind::kBankersRounding, Kind::kSign, Kind::kSiLU>(table);
  set<infer_binary, define_binary, Kind::kAdd, Kind::kSubtract, Kind::kMultiply, Kind::kDiv, Kind::kMinimum,
      Kind::kMaximum, Kind::kPReLU, Kind::kSquaredDifference, Kind::kCopysign, Kind::kModulus, Kind::kPow,
      Kind::kAtan2>(table);
  set<infer_concatenate, define_concatenate, Kind::kConcatenate2, Kind::kConcatenate3, Kind::kConcatenate4,
      Kind::kConcatenate5>(table);
  set<infer_argmax_pool, define_argmax_pooling, Kind::kArgMaxPooling2d>(table);
  set<infer_pool, define_average_pooling, Kind::kAvgPooling2d>(table);
  set<infer_batch_matrix_multiply, define_batch_matrix_multiply, Kind::kBatchMatrixMultiply>(table);
  set<infer_conv, define_convolution, Kind::kConv2d>(table);
  set<infer_deconv, define_deconvolution, Kind::kConvTranspose2d>(table);
  set<infer_unary, define_copy, Kind::kCopy>(table);
  set<infer_depthwise_conv, define_depthwise_convolution, Kind::kDepthwiseConv2d>(table);
  set<infer_depth_to_space, define_depth_to_space, Kind::kDepthToSpace2D>(table);
  set<infer_fully_connected, define_fully_connected, Kind::kFullyConnected>(table);
  set<infer_global_average_pool, define_global_average_pooling, Kind::kGlobalAvgPooling2d>(table);
  set<infer_pool, define_max_pooling, Kind::kMaxPooling2d>(table);
  set<infer_unary, define_softmax, Kind::kSoftmax>(table);
  set<infer_space_to_depth, define_space_to_depth, Kind::kSpaceToDepth2D>(table);
  set<infer_pad, define_constant_pad, Kind::kStaticConstantPad>(table);
  set<infer_reduce, define_reduce, Kind::kStaticReduce>(table);
  set<infer_reshape, define_reshape, Kind::kStaticReshape>(table);
  set<infer_resize, define_resize_bilinear, Kind::kStaticResizeBilinear2D>(table);
  set<infer_slice, define_slice, Kind::kStaticSlice>(table);
  set<infer_transpose, define_transpose, Kind::kStaticTranspose>(table);
  return table;
}

} // namespace

xnn_status define_left_out(const NodeDefinition &) { return xnn_status_unsupported_parameter; }

const NodeEntry &node_entry(NodeKind kind) {
  static const Table table = make_table();
  return table[static_cast<size_t>(kind)];
}

} // namespace xnnir
