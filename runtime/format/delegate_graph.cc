#include "format/delegate_graph.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "core/overflow.h"
#include "format/short_locations.h"

namespace xnnir {
namespace {

constexpr size_t kMaxElements = static_cast<size_t>(std::min<uint64_t>(uint64_t{1} << 40, SIZE_MAX / 16));

constexpr const char *kKindNames[kAllNodeKindCount + 1] = {"NONE",
                                                           "Add",
                                                           "FullyConnected",
                                                           "Softmax",
                                                           "Sigmoid",
                                                           "StaticTranspose",
                                                           "Clamp",
                                                           "Conv2d",
                                                           "Div",
                                                           "StaticResizeBilinear2D",
                                                           "StaticConstantPad",
                                                           "AvgPooling2d",
                                                           "Minimum",
                                                           "DepthwiseConv2d",
                                                           "MaxPooling2d",
                                                           "Multiply",
                                                           "Subtract",
                                                           "Floor",
                                                           "Convert",
                                                           "GlobalAvgPooling2d",
                                                           "StaticReshape",
                                                           "ArgMaxPooling2d",
                                                           "SquareRoot",
                                                           "Ceiling",
                                                           "Hardswish",
                                                           "LeakyReLU",
                                                           "Maximum",
                                                           "Negate",
                                                           "Square",
                                                           "ELU",
                                                           "Abs",
                                                           "PReLU",
                                                           "Concatenate2",
                                                           "Concatenate3",
                                                           "Concatenate4",
                                                           "StaticSlice",
                                                           "ScaledDotProductAttention",
                                                           "BatchMatrixMultiply",
                                                           "Concatenate5",
                                                           "ConvTranspose2d",
                                                           "ReciprocalSquareRoot",
                                                           "Log",
                                                           "Gelu",
                                                           "Tanh",
                                                           "Exp",
                                                           "Sin",
                                                           "Copy",
                                                           "Cos",
                                                           "StaticReduce",
                                                           "BankersRounding",
                                                           "Sign",
                                                           "SquaredDifference",
                                                           "Copysign",
                                                           "Modulus",
                                                           "Pow",
                                                           "Atan2",
                                                           "DepthToSpace2D",
                                                           "SpaceToDepth2D",
                                                           "SiLU"};

constexpr const char *kDatatypeNames[] = {"invalid", "fp32",   "fp16",    "qint8",  "quint8",
                                          "qint32",  "qcint8", "qcint32", "qcint4", "qdint8",
                                          "qbint4",  "qpint8", "int32",   "pfp32",  "bf16"};

} // namespace

const char *to_string(Datatype type) { return kDatatypeNames[static_cast<size_t>(type)]; }

size_t element_bits(Datatype type) {
  switch (type) {
  case Datatype::kInvalid:
    return 0;
  case Datatype::kQCInt4:
  case Datatype::kQBInt4:
    return 4;
  case Datatype::kQInt8:
  case Datatype::kQUInt8:
  case Datatype::kQCInt8:
  case Datatype::kQDInt8:
  case Datatype::kQPInt8:
    return 8;
  case Datatype::kFp16:
  case Datatype::kBf16:
    return 16;
  case Datatype::kFp32:
  case Datatype::kPFp32:
  case Datatype::kInt32:
  case Datatype::kQInt32:
  case Datatype::kQCInt32:
    return 32;
  }
  return 0;
}

const char *to_string(NodeKind kind) { return kKindNames[static_cast<size_t>(kind)]; }

bool Shape::operator==(const Shape &other) const {
  if (rank != other.rank)
    return false;
  for (size_t i = 0; i < rank; ++i)
    if (sizes[i] != other.sizes[i])
      return false;
  return true;
}

std::string to_string(const Shape &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.rank; ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

bool count_elements(const Shape &shape, size_t *count) {
  size_t product = 1;
  for (size_t i = 0; i < shape.rank; ++i)
    if (shape[i] > kMaxElements || mul_overflow(product, shape[i], &product) || product > kMaxElements)
      return false;
  *count = product;
  return true;
}

bool count_bytes(const Shape &shape, Datatype type, size_t *bytes) {
  const size_t bits = element_bits(type);
  size_t elements = 0;
  if (bits >= 8) {
    if (!count_elements(shape, &elements))
      return false;
    *bytes = elements * (bits / 8);
    return true;
  }
  Shape rows = shape;
  if (rows.rank > 0)
    rows[rows.rank - 1] = (rows[rows.rank - 1] + 1) / 2;
  if (!count_elements(rows, &elements))
    return false;
  *bytes = elements;
  return true;
}

bool DelegateNode::is_bounded() const { return !(output_min == -INFINITY && output_max == INFINITY); }

std::string DelegateGraph::location(const DelegateNode &node) const {
  if (node.debug_handle == kNoDebugHandle)
    return {};
  std::vector<std::string> lines = expand_locations(locations, size_t{node.debug_handle} + 1);
  return node.debug_handle < lines.size() ? std::move(lines.back()) : std::string();
}

std::vector<std::string> DelegateGraph::node_locations() const {
  const std::vector<std::string> lines = expand_locations(locations, kNoDebugHandle);
  std::vector<std::string> places;
  places.reserve(nodes.size());
  for (const DelegateNode &node : nodes)
    places.push_back(node.debug_handle < lines.size() ? lines[node.debug_handle] : std::string());
  return places;
}

std::string DelegateGraph::label(const DelegateNode &node) const {
  std::string text = "xnodes[" + std::to_string(node.position) + "] (" + to_string(node.kind);
  if (const std::string where = location(node); !where.empty())
    text += ", " + where;
  return text + ")";
}

} // namespace xnnir
