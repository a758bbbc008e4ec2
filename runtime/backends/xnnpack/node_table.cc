#include "backends/xnnpack/node_table.h"

#include <array>

namespace xnnir {
namespace {

using Table = std::array<NodeEntry, kAllNodeKindCount + 1>;

Table make_table() {
  Table table;
  table.fill({infer_unary, define_unary});
  const auto set = [&table](NodeKind kind, InferFunction infer, DefineFunction define) {
    table[static_cast<size_t>(kind)] = {infer, define};
  };
  for (NodeKind kind :
       {NodeKind::kAdd, NodeKind::kSubtract, NodeKind::kMultiply, NodeKind::kDiv, NodeKind::kMinimum,
        NodeKind::kMaximum, NodeKind::kPReLU, NodeKind::kSquaredDifference, NodeKind::kCopysign,
        NodeKind::kModulus, NodeKind::kPow, NodeKind::kAtan2})
    set(kind, infer_binary, define_binary);
  for (NodeKind kind :
       {NodeKind::kConcatenate2, NodeKind::kConcatenate3, NodeKind::kConcatenate4, NodeKind::kConcatenate5})
    set(kind, infer_concatenate, define_concatenate);
  set(NodeKind::kArgMaxPooling2d, infer_argmax_pool, define_argmax_pooling);
  set(NodeKind::kAvgPooling2d, infer_pool, define_average_pooling);
  set(NodeKind::kBatchMatrixMultiply, infer_batch_matrix_multiply, define_batch_matrix_multiply);
  set(NodeKind::kConv2d, infer_conv, define_convolution);
  set(NodeKind::kConvTranspose2d, infer_deconv, define_deconvolution);
  set(NodeKind::kCopy, infer_unary, define_copy);
  set(NodeKind::kDepthwiseConv2d, infer_depthwise_conv, define_depthwise_convolution);
  set(NodeKind::kDepthToSpace2D, infer_depth_to_space, define_depth_to_space);
  set(NodeKind::kFullyConnected, infer_fully_connected, define_fully_connected);
  set(NodeKind::kGlobalAvgPooling2d, infer_global_average_pool, define_global_average_pooling);
  set(NodeKind::kMaxPooling2d, infer_pool, define_max_pooling);
  set(NodeKind::kSoftmax, infer_unary, define_softmax);
  set(NodeKind::kSpaceToDepth2D, infer_space_to_depth, define_space_to_depth);
  set(NodeKind::kStaticConstantPad, infer_pad, define_constant_pad);
  set(NodeKind::kStaticReduce, infer_reduce, define_reduce);
  set(NodeKind::kStaticReshape, infer_reshape, define_reshape);
  set(NodeKind::kStaticResizeBilinear2D, infer_resize, define_resize_bilinear);
  set(NodeKind::kStaticSlice, infer_slice, define_slice);
  set(NodeKind::kStaticTranspose, infer_transpose, define_transpose);
  return table;
}

} // namespace

const NodeEntry &node_entry(NodeKind kind) {
  static const Table table = make_table();
  return table[static_cast<size_t>(kind)];
}

} // namespace xnnir
