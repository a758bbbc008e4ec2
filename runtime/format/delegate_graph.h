// An XNNPACK delegate blob, read and checked: plain structs that the backend can use without looking at bytes
// again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "xnnir/backend.h"
#include "xnnir/span.h"
#include "xnnir/status.h"

namespace xnnir {

// XNN_MAX_TENSOR_DIMS: XNNPACK has no tensors of a higher rank.
constexpr size_t kMaxDelegateRank = 6;
// Stock runtimes refuse graphs with more inputs and outputs than this.
constexpr uint32_t kMaxExternalValues = 4096;
// Written where an id is optional and absent, and as the external_id of internal values.
constexpr uint32_t kNoValue = 0xFFFFFFFF;
// debug_handle of nodes whose origin is unknown.
constexpr uint32_t kNoDebugHandle = 65535;

// The blob's own numbers (runtime/schema/xnnpack.fbs), which are not those of xnnpack.h.
enum class Datatype : uint8_t {
  kInvalid = 0,
  kFp32 = 1,
  kFp16 = 2,
  kQInt8 = 3,
  kQUInt8 = 4,
  kQInt32 = 5,
  kQCInt8 = 6,
  kQCInt32 = 7,
  kQCInt4 = 8,
  kQDInt8 = 9,
  kQBInt4 = 10,
  kQPInt8 = 11,
  kInt32 = 12,
  kPFp32 = 13,
  kBf16 = 14,
};

// "fp32", "qcint8", ...: XNNPACK's names without the prefix.
const char *to_string(Datatype type);
// Bits of one element: 4, 8, 16 or 32.
size_t element_bits(Datatype type);

// The kinds of node, in the order of the blob's union.
enum class NodeKind : uint8_t {
  kAdd = 1,
  kFullyConnected,
  kSoftmax,
  kSigmoid,
  kStaticTranspose,
  kClamp,
  kConv2d,
  kDiv,
  kStaticResizeBilinear2D,
  kStaticConstantPad,
  kAvgPooling2d,
  kMinimum,
  kDepthwiseConv2d,
  kMaxPooling2d,
  kMultiply,
  kSubtract,
  kFloor,
  kConvert,
  kGlobalAvgPooling2d,
  kStaticReshape,
  kArgMaxPooling2d,
  kSquareRoot,
  kCeiling,
  kHardswish,
  kLeakyReLU,
  kMaximum,
  kNegate,
  kSquare,
  kELU,
  kAbs,
  kPReLU,
  kConcatenate2,
  kConcatenate3,
  kConcatenate4,
  kStaticSlice,
  kScaledDotProductAttention,
  kBatchMatrixMultiply,
  kConcatenate5,
  kConvTranspose2d,
  kReciprocalSquareRoot,
  kLog,
  kGelu,
  kTanh,
  kExp,
  kSin,
  kCopy,
  kCos,
  // From here on stock runtimes have none.
  kStaticReduce,
  kBankersRounding,
  kSign,
  kSquaredDifference,
  kCopysign,
  kModulus,
  kPow,
  kAtan2,
  kDepthToSpace2D,
  kSpaceToDepth2D,
  // From here on blobs have none: the backend makes them of others.
  kSiLU,
};
constexpr size_t kStockNodeKindCount = 47;
constexpr size_t kNodeKindCount = 57;
constexpr size_t kAllNodeKindCount = kNodeKindCount + 1;

// The union member's name without "XNN": "Conv2d".
const char *to_string(NodeKind kind);

// Sizes of a tensor as XNNPACK sees it: physical order, outermost first.
struct Shape {
  size_t rank = 0;
  std::array<size_t, kMaxDelegateRank> sizes = {};

  size_t operator[](size_t dimension) const { return sizes[dimension]; }
  size_t &operator[](size_t dimension) { return sizes[dimension]; }
  bool operator==(const Shape &other) const;
  bool operator!=(const Shape &other) const { return !(*this == other); }
};

// "[1, 224, 224, 3]"
std::string to_string(const Shape &shape);
// Number of elements; false when it exceeds 2^40 (nothing that large fits, and products stay far from
// overflow).
bool count_elements(const Shape &shape, size_t *count);
// Bytes of a dense tensor; sub-byte types pad each row (last dimension) to a whole byte. False as above.
bool count_bytes(const Shape &shape, Datatype type, size_t *bytes);

// How a quantised value codes its numbers: real = (number - zero_point) * scale.
struct Quantization {
  enum class Kind : uint8_t { kNone, kPerTensor, kPerChannel, kPerBlock, kPerRow };

  Kind kind = Kind::kNone;
  int32_t zero_point = 0;
  float scale = 0.0f;
  // kPerChannel: one for each index of channel_dim.
  std::vector<float> channel_scales;
  // kPerBlock: bf16, [channels, blocks of a channel].
  std::vector<uint16_t> block_scales;
  size_t channel_dim = 0;
  size_t block_size = 0;
  // kPerRow: the last so many dimensions make one row; scale and zero point are computed when the graph runs.
  size_t num_nonbatch_dims = 0;
};

struct DelegateValue {
  // Position in the blob's xvalues, for messages.
  uint32_t position = 0;
  Datatype datatype = Datatype::kInvalid;
  // As declared. Dynamic dimensions are at their upper bound.
  Shape shape;
  Quantization quantization;
  // Position among the delegate call's arguments, or kNoValue.
  uint32_t external_id = kNoValue;
  bool is_input = false;
  bool is_output = false;
  // Constants: at least count_bytes(shape, datatype) bytes, then `slack` more that can be read.
  const uint8_t *data = nullptr;
  size_t slack = 0;

  bool is_external() const { return external_id != kNoValue; }
};

struct HeightWidth {
  uint32_t height = 0;
  uint32_t width = 0;
};

struct Padding2d {
  uint32_t top = 0;
  uint32_t right = 0;
  uint32_t bottom = 0;
  uint32_t left = 0;
};

// Conv2d, DepthwiseConv2d, ConvTranspose2d. Inputs: input, filter and, unless absent, bias.
struct ConvParams {
  Padding2d padding;
  HeightWidth kernel;
  HeightWidth subsampling;
  HeightWidth dilation;
  HeightWidth adjustment;
  uint32_t groups = 0;
  uint32_t group_input_channels = 0;
  uint32_t group_output_channels = 0;
};

// AvgPooling2d, MaxPooling2d, ArgMaxPooling2d (whose stride is the window).
struct PoolParams {
  Padding2d padding;
  HeightWidth pooling;
  HeightWidth stride;
  HeightWidth dilation;
};

struct TransposeParams {
  std::vector<size_t> perm;
};

struct ResizeParams {
  size_t new_height = 0;
  size_t new_width = 0;
};

// Padding of each dimension. padding_value is real, also for quantised values.
struct PadParams {
  std::vector<size_t> pre;
  std::vector<size_t> post;
  float padding_value = 0.0f;
};

// At most one size is 0: worked out from the number of elements.
struct ReshapeParams {
  Shape new_shape;
};

struct SliceParams {
  std::vector<size_t> offsets;
  // 0 stands for the whole dimension.
  std::vector<size_t> sizes;
};

struct ConcatenateParams {
  int32_t axis = 0;
};

struct ReduceParams {
  bool is_mean = false;
  // In rising order.
  std::vector<size_t> axes;
};

// DepthToSpace2D, SpaceToDepth2D.
struct BlockParams {
  uint32_t block_size = 0;
};

// ELU's alpha, LeakyReLU's negative slope.
struct SlopeParams {
  float slope = 0.0f;
};

using NodeParams =
    std::variant<std::monostate, ConvParams, PoolParams, TransposeParams, ResizeParams, PadParams,
                 ReshapeParams, SliceParams, ConcatenateParams, SlopeParams, ReduceParams, BlockParams>;

struct DelegateNode {
  NodeKind kind = NodeKind::kCopy;
  // Position in the blob's xnodes, for messages.
  uint32_t position = 0;
  uint32_t debug_handle = kNoDebugHandle;
  uint32_t flags = 0;
  // Bounds of the output: -inf and +inf where the blob gives none.
  float output_min = 0.0f;
  float output_max = 0.0f;
  // Indices into DelegateGraph::values. A missing bias is left out.
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> outputs;
  NodeParams params;

  bool is_bounded() const;
};

// What was read. Constants point into the blob, into named data, or into `owned`.
struct DelegateGraph {
  std::vector<DelegateValue> values;
  // Every input of a node is a constant, a graph input, or the output of an earlier node; every value has one
  // origin.
  std::vector<DelegateNode> nodes;
  // values[externals[e]].external_id == e.
  std::vector<uint32_t> externals;
  // Text with a line for each debug_handle, in short (format/short_locations.h); empty when the program has
  // none.
  Span<const uint8_t> locations;
  // An aligned copy of the flatbuffer, where the blob was not aligned.
  std::shared_ptr<const std::vector<uint64_t>> owned;
  // What tensors, and tables that XNNPACK makes for them, may take.
  size_t max_bytes = PTRDIFF_MAX;

  // Where the node stands in the user's model; empty when unknown.
  std::string location(const DelegateNode &node) const;
  // The same for all nodes, in one reading of the text.
  std::vector<std::string> node_locations() const;
  // How messages name a node: "xnodes[12] (Conv2d, features.3.conv.0 (model.py:12))".
  std::string label(const DelegateNode &node) const;
};

// Reads a blob with an XH00 header or a bare flatbuffer, identifiers XN00 and XN01, and checks all that can
// be checked without knowing the shapes of the inputs. `blob` and what `named_data` returns must outlive the
// graph.
//
// Named data under the key "xnnir.locations" is text, one location a line (format/short_locations.h); a
// node's debug_handle is its line number from 0.
//
// `kinds` is the number of kinds of node that the blob may have: kStockNodeKindCount or kNodeKindCount.
// kOutOfResources when its tensors and scales take more than `max_bytes` together.
Result<DelegateGraph> read_delegate(Span<const uint8_t> blob, const NamedDataMap &named_data,
                                    size_t kinds = kStockNodeKindCount, size_t max_bytes = PTRDIFF_MAX);

} // namespace xnnir
