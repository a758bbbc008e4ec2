#include "backends/xnnpack/datatypes.h"

#include <initializer_list>

namespace xnnir {
namespace {

using D = Datatype;

// Node kinds with a filter, as bits.
enum Weighted : uint8_t { kConv = 1, kDepthwise = 2, kDeconv = 4, kFully = 8, kConvs = 7, kAny = 15 };

struct WeightedTypes {
  uint8_t kinds;
  Datatype input;
  Datatype filter;
  Datatype bias;
  Datatype output;
};

constexpr WeightedTypes kWeightedTypes[] = {
    {kAny, D::kFp32, D::kFp32, D::kFp32, D::kFp32},
    {kAny, D::kFp16, D::kFp32, D::kFp32, D::kFp16},
    {kFully, D::kFp16, D::kFp16, D::kFp16, D::kFp16},
    {kAny, D::kQInt8, D::kQInt8, D::kQInt32, D::kQInt8},
    {kAny, D::kQInt8, D::kQCInt8, D::kQCInt32, D::kQInt8},
    {kAny, D::kQUInt8, D::kQUInt8, D::kQInt32, D::kQUInt8},
    {kConv | kDeconv | kFully, D::kQDInt8, D::kQCInt8, D::kFp32, D::kFp32},
    {kConv | kFully, D::kQDInt8, D::kQCInt8, D::kFp32, D::kFp16},
    {kFully, D::kQDInt8, D::kQCInt4, D::kFp32, D::kFp32},
    {kFully, D::kQDInt8, D::kQCInt4, D::kFp32, D::kFp16},
    {kFully, D::kQDInt8, D::kQBInt4, D::kFp32, D::kFp32},
    {kFully, D::kQDInt8, D::kQBInt4, D::kFp32, D::kFp16},
    {kFully, D::kFp32, D::kQCInt8, D::kFp32, D::kFp32},
    {kFully, D::kFp32, D::kQCInt4, D::kFp32, D::kFp32},
};

class Check {
public:
  Check(const DelegateGraph &graph, const DelegateNode &node) : graph_(graph), node_(node) {}

  const DelegateValue &input(size_t i) const { return graph_.values[node_.inputs[i]]; }
  const DelegateValue &output(size_t i) const { return graph_.values[node_.outputs[i]]; }

  Status refuse(const std::string &why) const {
    return Status(StatusCode::kNotSupported, graph_.label(node_) + ": " + why);
  }

  // All inputs and outputs have one and the same of `types`.
  Status uniform(std::initializer_list<Datatype> types) const {
    const Datatype type = input(0).datatype;
    bool known = false;
    for (Datatype candidate : types)
      known = known || candidate == type;
    if (!known)
      return refuse(std::string("XNNPACK has none of its kind for ") + to_string(type));
    for (uint32_t index : node_.inputs)
      if (graph_.values[index].datatype != type)
        return mismatch(type, graph_.values[index].datatype);
    for (uint32_t index : node_.outputs)
      if (graph_.values[index].datatype != type)
        return mismatch(type, graph_.values[index].datatype);
    return {};
  }

  // Nodes that only move or select numbers cannot recode them.
  Status same_coding() const {
    const Quantization &to = output(0).quantization;
    for (uint32_t index : node_.inputs) {
      const Quantization &from = graph_.values[index].quantization;
      if (from.scale != to.scale || from.zero_point != to.zero_point)
        return refuse("input has scale " + std::to_string(from.scale) + " and zero point " +
                      std::to_string(from.zero_point) + ", output has " + std::to_string(to.scale) + " and " +
                      std::to_string(to.zero_point) + ", expected the same");
    }
    return {};
  }

  Status convert() const;
  Status weighted(Weighted kind) const;
  Status batch_matrix_multiply() const;
  Status argmax() const;

private:
  Status mismatch(Datatype expected, Datatype got) const {
    return refuse(std::string("inputs and outputs are ") + to_string(expected) + " and " + to_string(got) +
                  ", expected one datatype for all");
  }

  const DelegateGraph &graph_;
  const DelegateNode &node_;
};

Status Check::convert() const {
  const Datatype from = input(0).datatype;
  const Datatype to = output(0).datatype;
  const auto plain = [](Datatype type) {
    return type == D::kFp32 || type == D::kFp16 || type == D::kBf16 || type == D::kQInt8 ||
           type == D::kQUInt8;
  };
  const bool to_rows = to == D::kQDInt8 && (from == D::kFp32 || from == D::kFp16);
  if (!to_rows && !(plain(from) && plain(to)))
    return refuse(std::string("XNNPACK has no conversion from ") + to_string(from) + " to " + to_string(to));
  return {};
}

Status Check::weighted(Weighted kind) const {
  const DelegateValue &filter = input(1);
  const DelegateValue *bias = node_.inputs.size() > 2 ? &input(2) : nullptr;
  bool known = false;
  for (const WeightedTypes &row : kWeightedTypes)
    known = known ||
            ((row.kinds & kind) != 0 && row.input == input(0).datatype && row.filter == filter.datatype &&
             (bias == nullptr || row.bias == bias->datatype) && row.output == output(0).datatype);
  if (!known)
    return refuse(std::string("XNNPACK has none for input ") + to_string(input(0).datatype) + ", filter " +
                  to_string(filter.datatype) + ", bias " +
                  (bias == nullptr ? "none" : to_string(bias->datatype)) + ", output " +
                  to_string(output(0).datatype));
  const bool may_vary = kind == kFully && filter.datatype == D::kFp32 && input(0).datatype == D::kFp32;
  if (!may_vary && (filter.data == nullptr || (bias != nullptr && bias->data == nullptr)))
    return refuse("filter and bias must be constants");
  if (filter.datatype == D::kQInt8 && filter.quantization.zero_point != 0)
    return refuse("the filter's zero point is " + std::to_string(filter.quantization.zero_point) +
                  ", expected 0");
  if (filter.quantization.kind == Quantization::Kind::kPerChannel) {
    const size_t expected = kind == kDepthwise ? 3 : (kind == kFully && node_.flags != 0 ? 1 : 0);
    if (filter.quantization.channel_dim != expected)
      return refuse("the filter has a scale for each index of dimension " +
                    std::to_string(filter.quantization.channel_dim) + ", expected dimension " +
                    std::to_string(expected));
  }
  if (filter.quantization.kind == Quantization::Kind::kPerBlock && node_.flags != 0)
    return refuse("a filter of datatype qbint4 cannot be transposed");
  if (bias != nullptr && bias->quantization.kind == Quantization::Kind::kPerChannel &&
      bias->quantization.channel_dim != 0)
    return refuse("the bias has a scale for each index of dimension " +
                  std::to_string(bias->quantization.channel_dim) + ", expected dimension 0");
  // XNNPACK reads the parameters of one row for each batch, whatever number of them the conversion wrote.
  const size_t nonbatch = kind == kFully ? 1 : 3;
  if (input(0).datatype == D::kQDInt8 && input(0).quantization.num_nonbatch_dims != nonbatch)
    return refuse("num_nonbatch_dims of the input is " +
                  std::to_string(input(0).quantization.num_nonbatch_dims) + ", expected " +
                  std::to_string(nonbatch));
  return {};
}

Status Check::batch_matrix_multiply() const {
  if (input(0).datatype != D::kQDInt8)
    return uniform({D::kFp32, D::kFp16});
  const DelegateValue &weights = input(1);
  const size_t channel_dim = node_.flags != 0 ? 0 : 1;
  if (weights.datatype != D::kQCInt8 || output(0).datatype != D::kFp32 || weights.shape.rank != 2 ||
      weights.quantization.channel_dim != channel_dim || input(0).quantization.num_nonbatch_dims != 1)
    return refuse("XNNPACK has none for these inputs, expected qdint8 rows times a constant qcint8 matrix");
  return {};
}

Status Check::argmax() const {
  const Datatype index = output(1).datatype;
  if (input(0).datatype != D::kFp32 || output(0).datatype != D::kFp32 ||
      (index != D::kFp32 && index != D::kInt32))
    return refuse(std::string("XNNPACK has none for ") + to_string(input(0).datatype) + ", expected fp32");
  // XNNPACK sizes no memory for the indices, so they must be where the caller has some.
  if (!output(1).is_output)
    return refuse("the indices must be a graph output");
  return {};
}

} // namespace

Status check_datatypes(const DelegateGraph &graph, const DelegateNode &node) {
  const Check check(graph, node);
  switch (node.kind) {
  case NodeKind::kConvert:
    return check.convert();
  case NodeKind::kConv2d:
    return check.weighted(kConv);
  case NodeKind::kDepthwiseConv2d:
    return check.weighted(kDepthwise);
  case NodeKind::kConvTranspose2d:
    return check.weighted(kDeconv);
  case NodeKind::kFullyConnected:
    return check.weighted(kFully);
  case NodeKind::kBatchMatrixMultiply:
    return check.batch_matrix_multiply();
  case NodeKind::kArgMaxPooling2d:
    return check.argmax();
  case NodeKind::kSoftmax:
  case NodeKind::kAvgPooling2d:
    return check.uniform({D::kFp32, D::kFp16});
  case NodeKind::kAtan2:
  case NodeKind::kCopysign:
  case NodeKind::kModulus:
  case NodeKind::kPow:
  case NodeKind::kSquaredDifference:
    return check.uniform({D::kFp32, D::kFp16});
  case NodeKind::kBankersRounding:
  case NodeKind::kSign:
  case NodeKind::kStaticReduce:
  case NodeKind::kGlobalAvgPooling2d:
    return check.uniform({D::kFp32, D::kFp16, D::kQInt8, D::kQUInt8});
  case NodeKind::kDepthToSpace2D:
  case NodeKind::kSpaceToDepth2D:
  case NodeKind::kStaticTranspose:
  case NodeKind::kStaticReshape:
  case NodeKind::kStaticSlice:
  case NodeKind::kStaticConstantPad:
  case NodeKind::kStaticResizeBilinear2D:
  case NodeKind::kConcatenate2:
  case NodeKind::kConcatenate3:
  case NodeKind::kConcatenate4:
  case NodeKind::kConcatenate5:
  case NodeKind::kCopy:
  case NodeKind::kMaxPooling2d:
    XNNIR_RETURN_IF_ERROR(check.uniform({D::kFp32, D::kFp16, D::kQInt8, D::kQUInt8}));
    return check.same_coding();
  default:
    return check.uniform({D::kFp32, D::kFp16, D::kBf16, D::kQInt8, D::kQUInt8});
  }
}

} // namespace xnnir
