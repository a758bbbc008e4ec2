#include "backends/xnnpack/simplify.h"

#include <algorithm>
#include <cmath>

#include "backends/xnnpack/xnnpack_types.h"

namespace xnnir {
namespace {

constexpr uint32_t kNoNode = 0xFFFFFFFF;
constexpr size_t kMaxFoldedPadding = size_t{1} << 20;

// Who writes each value, and how often it is read (a graph output counts as one more reader).
struct Uses {
  explicit Uses(const DelegateGraph &graph)
      : producer(graph.values.size(), kNoNode), readers(graph.values.size()) {
    for (uint32_t n = 0; n < graph.nodes.size(); ++n) {
      for (uint32_t output : graph.nodes[n].outputs)
        producer[output] = n;
      for (uint32_t input : graph.nodes[n].inputs)
        ++readers[input];
    }
    for (uint32_t v = 0; v < graph.values.size(); ++v)
      readers[v] += graph.values[v].is_output;
  }

  std::vector<uint32_t> producer;
  std::vector<uint32_t> readers;
};

void erase(DelegateGraph &graph, const std::vector<bool> &dead) {
  size_t kept = 0;
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    if (!dead[n]) {
      if (kept != n)
        graph.nodes[kept] = std::move(graph.nodes[n]);
      ++kept;
    }
  graph.nodes.resize(kept);
}

void remove_dead_nodes(DelegateGraph &graph) {
  std::vector<bool> needed(graph.values.size());
  for (size_t v = 0; v < graph.values.size(); ++v)
    needed[v] = graph.values[v].is_output;
  std::vector<bool> dead(graph.nodes.size(), true);
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const DelegateNode &node = graph.nodes[n];
    for (uint32_t output : node.outputs)
      if (needed[output])
        dead[n] = false;
    if (!dead[n])
      for (uint32_t input : node.inputs)
        needed[input] = true;
  }
  erase(graph, dead);
}

bool has_bounds_field(NodeKind kind) {
  switch (kind) {
  case NodeKind::kAvgPooling2d:
  case NodeKind::kClamp:
  case NodeKind::kConv2d:
  case NodeKind::kConvTranspose2d:
  case NodeKind::kDepthwiseConv2d:
  case NodeKind::kFullyConnected:
  case NodeKind::kMaxPooling2d:
    return true;
  default:
    return false;
  }
}

// The nodes whose bounds blobs may give and XNNPACK's define function does not take. On others they mean
// nothing.
bool needs_clamp(const DelegateNode &node) {
  switch (node.kind) {
  case NodeKind::kAdd:
  case NodeKind::kDiv:
  case NodeKind::kGlobalAvgPooling2d:
  case NodeKind::kMultiply:
  case NodeKind::kSubtract:
    return node.is_bounded();
  default:
    return false;
  }
}

void split_output_bounds(DelegateGraph &graph) {
  std::vector<DelegateNode> nodes;
  nodes.reserve(graph.nodes.size());
  for (DelegateNode &node : graph.nodes) {
    if (!needs_clamp(node)) {
      nodes.push_back(std::move(node));
      continue;
    }
    DelegateValue unbounded = graph.values[node.outputs[0]];
    unbounded.external_id = kNoValue;
    unbounded.is_output = false;
    DelegateNode clamp;
    clamp.kind = NodeKind::kClamp;
    clamp.position = node.position;
    clamp.debug_handle = node.debug_handle;
    clamp.output_min = node.output_min;
    clamp.output_max = node.output_max;
    clamp.inputs = {static_cast<uint32_t>(graph.values.size())};
    clamp.outputs = node.outputs;
    node.output_min = -INFINITY;
    node.output_max = INFINITY;
    node.outputs = clamp.inputs;
    graph.values.push_back(std::move(unbounded));
    nodes.push_back(std::move(node));
    nodes.push_back(std::move(clamp));
  }
  graph.nodes = std::move(nodes);
}

bool is_internal(const DelegateValue &value) { return !value.is_external() && value.data == nullptr; }

void fold_copies(DelegateGraph &graph) {
  Uses uses(graph);
  std::vector<bool> dead(graph.nodes.size());
  // What readers of a value shall read instead.
  std::vector<uint32_t> alias(graph.values.size());
  for (uint32_t v = 0; v < alias.size(); ++v)
    alias[v] = v;
  for (uint32_t n = 0; n < graph.nodes.size(); ++n) {
    DelegateNode &node = graph.nodes[n];
    for (uint32_t &input : node.inputs)
      input = alias[input];
    if (node.kind != NodeKind::kCopy)
      continue;
    const uint32_t from = node.inputs[0];
    const uint32_t to = node.outputs[0];
    if (is_internal(graph.values[to])) {
      alias[to] = from;
      uses.readers[from] += uses.readers[to] - 1;
      dead[n] = true;
    } else if (is_internal(graph.values[from]) && uses.readers[from] == 1) {
      DelegateNode &producer = graph.nodes[uses.producer[from]];
      std::replace(producer.outputs.begin(), producer.outputs.end(), from, to);
      dead[n] = true;
    }
  }
  erase(graph, dead);
}

bool pads_only_space(const PadParams &pad) {
  if (pad.padding_value != 0.0f || pad.pre.size() != 4)
    return false;
  for (size_t i : {0, 3})
    if (pad.pre[i] != 0 || pad.post[i] != 0)
      return false;
  for (size_t i : {1, 2})
    if (pad.pre[i] > kMaxFoldedPadding || pad.post[i] > kMaxFoldedPadding)
      return false;
  return true;
}

void fold_zero_paddings(DelegateGraph &graph) {
  const Uses uses(graph);
  std::vector<bool> dead(graph.nodes.size());
  for (DelegateNode &node : graph.nodes) {
    if (node.kind != NodeKind::kConv2d && node.kind != NodeKind::kDepthwiseConv2d)
      continue;
    const uint32_t input = node.inputs[0];
    const uint32_t producer = uses.producer[input];
    if (producer == kNoNode || graph.nodes[producer].kind != NodeKind::kStaticConstantPad ||
        uses.readers[input] != 1)
      continue;
    const auto &pad = std::get<PadParams>(graph.nodes[producer].params);
    if (!pads_only_space(pad))
      continue;
    Padding2d &padding = std::get<ConvParams>(node.params).padding;
    padding.top += static_cast<uint32_t>(pad.pre[1]);
    padding.bottom += static_cast<uint32_t>(pad.post[1]);
    padding.left += static_cast<uint32_t>(pad.pre[2]);
    padding.right += static_cast<uint32_t>(pad.post[2]);
    node.inputs[0] = graph.nodes[producer].inputs[0];
    dead[producer] = true;
  }
  erase(graph, dead);
}

void fold_clamps(DelegateGraph &graph) {
  Uses uses(graph);
  std::vector<bool> dead(graph.nodes.size());
  for (uint32_t n = 0; n < graph.nodes.size(); ++n) {
    const DelegateNode &clamp = graph.nodes[n];
    if (clamp.kind != NodeKind::kClamp)
      continue;
    const uint32_t input = clamp.inputs[0];
    const uint32_t producer = uses.producer[input];
    if (producer == kNoNode || !is_internal(graph.values[input]) || uses.readers[input] != 1 ||
        !has_bounds_field(graph.nodes[producer].kind))
      continue;
    DelegateNode &bounded = graph.nodes[producer];
    bounded.output_min = std::clamp(bounded.output_min, clamp.output_min, clamp.output_max);
    bounded.output_max = std::clamp(bounded.output_max, clamp.output_min, clamp.output_max);
    bounded.outputs = clamp.outputs;
    uses.producer[clamp.outputs[0]] = producer;
    dead[n] = true;
  }
  erase(graph, dead);
}

// x * sigmoid(x), which blobs write as two nodes.
void fuse_silu(DelegateGraph &graph) {
  const Uses uses(graph);
  std::vector<bool> dead(graph.nodes.size());
  for (DelegateNode &node : graph.nodes) {
    if (node.kind != NodeKind::kMultiply || graph.values[node.outputs[0]].datatype != Datatype::kFp32)
      continue;
    for (size_t i : {0, 1}) {
      const uint32_t gate = node.inputs[i];
      const uint32_t producer = uses.producer[gate];
      if (producer == kNoNode || graph.nodes[producer].kind != NodeKind::kSigmoid ||
          graph.nodes[producer].inputs[0] != node.inputs[1 - i] || !is_internal(graph.values[gate]) ||
          uses.readers[gate] != 1)
        continue;
      node.kind = NodeKind::kSiLU;
      node.inputs = graph.nodes[producer].inputs;
      dead[producer] = true;
      break;
    }
  }
  erase(graph, dead);
}

} // namespace

void simplify(DelegateGraph &graph) {
  remove_dead_nodes(graph);
  split_output_bounds(graph);
  fold_copies(graph);
  fold_zero_paddings(graph);
  fold_clamps(graph);
  if (kHasSiLU)
    fuse_silu(graph);
}

} // namespace xnnir
