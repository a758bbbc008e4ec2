#include "format/delegate_nodes.h"

#include <cinttypes>
#include <cmath>

#include "format/delegate_node_reader.h"

namespace xnnir {
namespace {

namespace fb = schema::xnnpack;
using Reader = DelegateNodeReader;

// XNN_FLAG_* bits of xnnpack.h that blobs carry.
constexpr uint32_t kTransposeWeights = 0x01;
constexpr uint32_t kTensorflowLegacyMode = 0x04;
constexpr uint32_t kAlignCorners = 0x08;
constexpr uint32_t kKeepDims = 0x40;
// A hint of newer XNNPACKs: pack activations while converting them. Reading it changes nothing.
constexpr uint32_t kMaybePack = 0x80 | 0x100;

void read_unary(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNNode1x1 *>(blob);
  reader.input(node.input_id(), "input_id");
  reader.output(node.output_id(), "output_id");
  switch (reader.node().kind) {
  case NodeKind::kGlobalAvgPooling2d:
    reader.flags(node.flags(), kKeepDims);
    break;
  case NodeKind::kConvert:
    reader.flags(node.flags() & ~kMaybePack, 0);
    break;
  default:
    reader.flags(node.flags(), 0);
  }
}

void read_binary(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNNode2x1 *>(blob);
  reader.input(node.input1_id(), "input1_id");
  reader.input(node.input2_id(), "input2_id");
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), reader.node().kind == NodeKind::kBatchMatrixMultiply ? kTransposeWeights : 0);
}

void read_fully_connected(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNFullyConnected *>(blob);
  reader.input(node.input1_id(), "input1_id");
  reader.input(node.filter_id(), "filter_id");
  reader.optional_input(node.bias_id(), "bias_id");
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), kTransposeWeights);
}

template <typename Table> Padding2d read_padding(const Table &node, Reader &reader) {
  return {reader.padding(node.padding_top(), "padding_top"),
          reader.padding(node.padding_right(), "padding_right"),
          reader.padding(node.padding_bottom(), "padding_bottom"),
          reader.padding(node.padding_left(), "padding_left")};
}

void check_window(Reader &reader, HeightWidth kernel, HeightWidth dilation, const char *field) {
  const uint64_t height = uint64_t{kernel.height} * dilation.height;
  const uint64_t width = uint64_t{kernel.width} * dilation.width;
  if (height > Reader::kMaxExtent || width > Reader::kMaxExtent)
    reader.refuse(field, "times the dilation is " + std::to_string(std::max(height, width)) +
                             ", expected at most " + std::to_string(Reader::kMaxExtent));
}

void read_conv(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNNodeConv *>(blob);
  ConvParams params;
  params.padding = read_padding(node, reader);
  params.kernel = {reader.extent(node.kernel_height(), "kernel_height"),
                   reader.extent(node.kernel_width(), "kernel_width")};
  params.subsampling = {reader.extent(node.subsampling_height(), "subsampling_height"),
                        reader.extent(node.subsampling_width(), "subsampling_width")};
  params.dilation = {reader.extent(node.dilation_height(), "dilation_height"),
                     reader.extent(node.dilation_width(), "dilation_width")};
  params.adjustment = {reader.padding(node.adjustment_height(), "adjustment_height"),
                       reader.padding(node.adjustment_width(), "adjustment_width")};
  params.groups = reader.positive(node.groups(), "groups");
  params.group_input_channels = reader.positive(node.group_input_channels(), "group_input_channels");
  params.group_output_channels = reader.positive(node.group_output_channels(), "group_output_channels");
  check_window(reader, params.kernel, params.dilation, "kernel_height or kernel_width");
  if (uint64_t{params.groups} * params.group_input_channels > INT32_MAX ||
      uint64_t{params.groups} * params.group_output_channels > INT32_MAX)
    reader.refuse("groups", "is " + std::to_string(params.groups) + ": too many channels for XNNPACK");
  if (reader.node().kind == NodeKind::kConvTranspose2d) {
    if (params.adjustment.height >= params.subsampling.height ||
        params.adjustment.width >= params.subsampling.width)
      reader.refuse("adjustment_height or adjustment_width", "is not smaller than the stride");
  } else if (params.adjustment.height != 0 || params.adjustment.width != 0) {
    reader.refuse("adjustment_height or adjustment_width", "is not 0, expected that only of ConvTranspose2d");
  }
  if (reader.node().kind == NodeKind::kDepthwiseConv2d && params.group_input_channels != 1)
    reader.refuse("group_input_channels", "is " + std::to_string(params.group_input_channels) +
                                              ", expected 1 of a depthwise convolution");
  reader.input(node.input1_id(), "input1_id");
  reader.input(node.filter_id(), "filter_id");
  reader.optional_input(node.bias_id(), "bias_id");
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), 0);
  reader.node().params = params;
}

void read_pool(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNPooling2D *>(blob);
  PoolParams params;
  params.padding = read_padding(node, reader);
  params.pooling = {reader.extent(node.pooling_height(), "pooling_height"),
                    reader.extent(node.pooling_width(), "pooling_width")};
  params.stride = {reader.extent(node.stride_height(), "stride_height"),
                   reader.extent(node.stride_width(), "stride_width")};
  // Average pooling has no dilation; blobs have 0 there.
  params.dilation = {1, 1};
  if (reader.node().kind == NodeKind::kMaxPooling2d)
    params.dilation = {reader.extent(node.dilation_height(), "dilation_height"),
                       reader.extent(node.dilation_width(), "dilation_width")};
  check_window(reader, params.pooling, params.dilation, "pooling_height or pooling_width");
  reader.input(node.input_id(), "input_id");
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), kKeepDims);
  reader.node().params = params;
}

void read_argmax_pool(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNArgMaxPooling2d *>(blob);
  PoolParams params;
  params.padding = read_padding(node, reader);
  params.pooling = {reader.extent(node.pooling_height(), "pooling_height"),
                    reader.extent(node.pooling_width(), "pooling_width")};
  params.stride = params.pooling;
  params.dilation = {1, 1};
  reader.input(node.input_id(), "input_id");
  reader.output(node.output_value_id(), "output_value_id");
  reader.output(node.output_index_id(), "output_index_id");
  reader.flags(node.flags(), kKeepDims);
  reader.node().params = params;
}

void read_transpose(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNStaticTranspose *>(blob);
  TransposeParams params;
  params.perm = reader.sizes(node.perm(), node.num_dims(), "perm");
  std::array<bool, kMaxDelegateRank> seen = {};
  for (size_t i = 0; i < params.perm.size(); ++i) {
    const size_t dimension = params.perm[i];
    if (dimension >= params.perm.size() || seen[dimension])
      reader.refuse("perm", "has " + std::to_string(dimension) + " at " + std::to_string(i) +
                                ", expected each dimension once");
    else
      seen[dimension] = true;
  }
  if (params.perm.empty())
    reader.refuse("perm", "is empty, expected at least one dimension");
  reader.input(node.input_id(), "input_id");
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), 0);
  reader.node().params = std::move(params);
}

void read_resize(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNStaticResizeBilinear2D *>(blob);
  ResizeParams params{reader.extent(node.new_height(), "new_height"),
                      reader.extent(node.new_width(), "new_width")};
  reader.input(node.input_id(), "input_id");
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), kAlignCorners | kTensorflowLegacyMode);
  reader.node().params = params;
}

void read_pad(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNStaticConstantPad *>(blob);
  const uint32_t rank = node.pre_paddings() == nullptr ? 0 : node.pre_paddings()->size();
  PadParams params;
  params.pre = reader.sizes(node.pre_paddings(), rank, "pre_paddings");
  params.post = reader.sizes(node.post_paddings(), rank, "post_paddings");
  params.padding_value = node.padding_value();
  if (std::isnan(params.padding_value))
    reader.refuse("padding_value", "is not a number");
  reader.input(node.input_id(), "input_id");
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), 0);
  reader.node().params = std::move(params);
}

void read_reshape(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNStaticReshape *>(blob);
  const std::vector<size_t> sizes = reader.sizes(node.new_shape(), node.num_dims(), "new_shape");
  ReshapeParams params;
  size_t open = 0;
  for (size_t size : sizes) {
    params.new_shape[params.new_shape.rank++] = size;
    open += size == 0;
  }
  if (open > 1)
    reader.refuse("new_shape", "is " + to_string(params.new_shape) + ", expected at most one 0");
  // XNNPACK takes no new_shape for "keep the shape", so a scalar has to be asked for as [1].
  if (reader.ok() && params.new_shape.rank == 0)
    params.new_shape = {1, {1}};
  reader.input(node.input_id(), "input_id");
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), 0);
  reader.node().params = params;
}

void read_slice(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNStaticSlice *>(blob);
  SliceParams params;
  params.offsets = reader.sizes(node.offsets(), node.num_dims(), "offsets");
  params.sizes = reader.sizes(node.sizes(), node.num_dims(), "sizes");
  reader.input(node.input_id(), "input_id");
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), 0);
  reader.node().params = std::move(params);
}

void read_concatenate(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNCat *>(blob);
  const uint32_t ids[] = {node.input1_id(), node.input2_id(), node.input3_id(), node.input4_id(),
                          node.input5_id()};
  static constexpr const char *kFields[] = {"input1_id", "input2_id", "input3_id", "input4_id", "input5_id"};
  size_t count = 2;
  if (reader.node().kind == NodeKind::kConcatenate3)
    count = 3;
  else if (reader.node().kind == NodeKind::kConcatenate4)
    count = 4;
  else if (reader.node().kind == NodeKind::kConcatenate5)
    count = 5;
  if (node.axis() >= kMaxDelegateRank)
    reader.refuse("axis", "is " + std::to_string(node.axis()) + ", expected a dimension of the inputs");
  for (size_t i = 0; i < count; ++i)
    reader.input(ids[i], kFields[i]);
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), 0);
  reader.node().params = ConcatenateParams{static_cast<int32_t>(node.axis())};
}

void read_elu(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNELU *>(blob);
  reader.node().params = SlopeParams{reader.finite(node.alpha(), "alpha")};
  reader.input(node.input_id(), "input_id");
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), 0);
}

void read_leaky_relu(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNLeakyReLU *>(blob);
  reader.node().params = SlopeParams{reader.finite(node.negative_slope(), "negative_slope")};
  reader.input(node.input_id(), "input_id");
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), 0);
}

void read_reduce(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNStaticReduce *>(blob);
  ReduceParams params;
  if (node.reduce_operator() > fb::XNNReduceOperator::MAX)
    reader.refuse("reduce_operator", "is " + std::to_string(static_cast<int>(node.reduce_operator())) +
                                         ", expected 0 (sum) or 1 (mean)");
  params.is_mean = node.reduce_operator() == fb::XNNReduceOperator::mean;
  params.axes = reader.sizes(node.axes(), node.axes() == nullptr ? 0 : node.axes()->size(), "axes");
  if (params.axes.empty())
    reader.refuse("axes", "is empty, expected at least one dimension");
  for (size_t i = 0; i < params.axes.size(); ++i)
    if (params.axes[i] >= kMaxDelegateRank || (i > 0 && params.axes[i] <= params.axes[i - 1]))
      reader.refuse("axes", "has " + std::to_string(params.axes[i]) + " at " + std::to_string(i) +
                                ", expected dimensions in rising order");
  reader.input(node.input_id(), "input_id");
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), kKeepDims);
  reader.node().params = std::move(params);
}

void read_blocks(const void *blob, Reader &reader) {
  const auto &node = *static_cast<const fb::XNNBlock2D *>(blob);
  BlockParams params{reader.extent(node.block_size(), "block_size")};
  // XNNPACK has none of blocks of one element.
  if (params.block_size == 1)
    reader.refuse("block_size", "is 1, expected 2 or more");
  reader.input(node.input_id(), "input_id");
  reader.output(node.output_id(), "output_id");
  reader.flags(node.flags(), 0);
  reader.node().params = params;
}

using ReadFunction = void (*)(const void *blob, Reader &reader);

// Null: no runtime implements it.
ReadFunction read_function(NodeKind kind) {
  switch (kind) {
  case NodeKind::kAdd:
  case NodeKind::kDiv:
  case NodeKind::kMinimum:
  case NodeKind::kMultiply:
  case NodeKind::kSubtract:
  case NodeKind::kMaximum:
  case NodeKind::kPReLU:
  case NodeKind::kBatchMatrixMultiply:
  case NodeKind::kSquaredDifference:
  case NodeKind::kCopysign:
  case NodeKind::kModulus:
  case NodeKind::kPow:
  case NodeKind::kAtan2:
    return read_binary;
  case NodeKind::kStaticReduce:
    return read_reduce;
  case NodeKind::kDepthToSpace2D:
  case NodeKind::kSpaceToDepth2D:
    return read_blocks;
  case NodeKind::kFullyConnected:
    return read_fully_connected;
  case NodeKind::kStaticTranspose:
    return read_transpose;
  case NodeKind::kConv2d:
  case NodeKind::kDepthwiseConv2d:
  case NodeKind::kConvTranspose2d:
    return read_conv;
  case NodeKind::kStaticResizeBilinear2D:
    return read_resize;
  case NodeKind::kStaticConstantPad:
    return read_pad;
  case NodeKind::kAvgPooling2d:
  case NodeKind::kMaxPooling2d:
    return read_pool;
  case NodeKind::kArgMaxPooling2d:
    return read_argmax_pool;
  case NodeKind::kStaticReshape:
    return read_reshape;
  case NodeKind::kStaticSlice:
    return read_slice;
  case NodeKind::kConcatenate2:
  case NodeKind::kConcatenate3:
  case NodeKind::kConcatenate4:
  case NodeKind::kConcatenate5:
    return read_concatenate;
  case NodeKind::kELU:
    return read_elu;
  case NodeKind::kLeakyReLU:
    return read_leaky_relu;
  case NodeKind::kScaledDotProductAttention:
    return nullptr;
  default:
    return read_unary;
  }
}

void read_bounds(const fb::OutputMinMax *blob, Reader &reader) {
  DelegateNode &node = reader.node();
  node.output_min = blob == nullptr ? -INFINITY : blob->output_min();
  node.output_max = blob == nullptr ? INFINITY : blob->output_max();
  // Also refuses NaN.
  if (!(node.output_min <= node.output_max))
    reader.refuse("output_min_max", "is " + std::to_string(node.output_min) + " to " +
                                        std::to_string(node.output_max) +
                                        ", expected a lower and an upper bound");
}

} // namespace

Status read_delegate_nodes(const fb::XNNGraph &blob, const ValueIds &ids, size_t kinds,
                           DelegateGraph &graph) {
  std::vector<bool> written(graph.values.size());
  for (size_t i = 0; i < graph.values.size(); ++i)
    written[i] = graph.values[i].is_input || graph.values[i].data != nullptr;
  for (const DelegateNode &node : graph.nodes)
    for (uint32_t output : node.outputs)
      written[output] = true;

  const uint32_t count = blob.xnodes()->size();
  graph.nodes.reserve(graph.nodes.size() + count);
  for (uint32_t position = 0; position < count; ++position) {
    const fb::XNode &xnode = *blob.xnodes()->Get(position);
    const auto kind = static_cast<size_t>(xnode.xnode_union_type());
    if (kind > kinds && kind <= kNodeKindCount)
      return make_status(StatusCode::kInvalidProgram,
                         "xnodes[%" PRIu32
                         "].xnode_union is of kind %zu (%s), which this backend does not have",
                         position, kind, to_string(static_cast<NodeKind>(kind)));
    if (kind == 0 || kind > kNodeKindCount || xnode.xnode_union() == nullptr)
      return make_status(StatusCode::kInvalidProgram,
                         "xnodes[%" PRIu32 "].xnode_union is missing or of kind %zu, expected 1 to %zu",
                         position, kind, kinds);
    DelegateNode node;
    node.kind = static_cast<NodeKind>(kind);
    node.position = position;
    node.debug_handle = xnode.debug_handle();
    Reader reader(graph, ids, written, node);
    read_bounds(xnode.output_min_max(), reader);
    if (ReadFunction read = read_function(node.kind))
      read(xnode.xnode_union(), reader);
    else
      reader.refuse("", "is of a kind that no XNNPACK runtime implements", StatusCode::kNotImplemented);
    if (!reader.ok())
      return reader.status();
    graph.nodes.push_back(std::move(node));
  }

  for (uint32_t index : graph.externals)
    if (!written[index])
      return make_status(StatusCode::kInvalidProgram,
                         "xvalues[%" PRIu32 "] is a graph output, but no node writes it",
                         graph.values[index].position);
  return {};
}

} // namespace xnnir
