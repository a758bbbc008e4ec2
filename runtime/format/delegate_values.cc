#include "format/delegate_values.h"

#include <cinttypes>
#include <cmath>

namespace xnnir {
namespace {

namespace fb = schema::xnnpack;

constexpr uint32_t kInputFlag = 1;
constexpr uint32_t kOutputFlag = 2;

Status read_datatype(fb::XNNDatatype written, const std::string &path, Datatype &datatype) {
  const int number = static_cast<int>(written);
  if (number <= 0 || number > static_cast<int>(Datatype::kBf16))
    return make_status(StatusCode::kInvalidProgram, "%s.datatype is %d, expected 1 to %d", path.c_str(),
                       number, static_cast<int>(Datatype::kBf16));
  datatype = static_cast<Datatype>(number);
  if (datatype == Datatype::kQPInt8 || datatype == Datatype::kPFp32)
    return make_status(StatusCode::kInvalidProgram,
                       "%s.datatype is %s, which only XNNPACK itself may introduce", path.c_str(),
                       to_string(datatype));
  return {};
}

Status read_shape(const fb::XNNTensorValue &blob, const std::string &path, DelegateValue &value) {
  const uint32_t rank = blob.dims() == nullptr ? 0 : blob.dims()->size();
  if (blob.num_dims() != rank)
    return make_status(StatusCode::kInvalidProgram,
                       "%s.num_dims is %" PRIu32 ", but dims has %" PRIu32 " entries", path.c_str(),
                       blob.num_dims(), rank);
  if (rank > kMaxDelegateRank)
    return make_status(StatusCode::kInvalidProgram, "%s.num_dims is %" PRIu32 ", expected at most %zu",
                       path.c_str(), rank, kMaxDelegateRank);
  value.shape.rank = rank;
  for (uint32_t i = 0; i < rank; ++i) {
    value.shape[i] = blob.dims()->Get(i);
    if (value.shape[i] == 0)
      return make_status(StatusCode::kInvalidProgram,
                         "%s.dims[%" PRIu32
                         "] is 0, expected a positive size: XNNPACK takes no empty tensors",
                         path.c_str(), i);
  }
  size_t bytes = 0;
  if (!count_bytes(value.shape, value.datatype, &bytes))
    return make_status(StatusCode::kInvalidProgram, "%s.dims is %s: that many elements do not fit in memory",
                       path.c_str(), to_string(value.shape).c_str());
  return {};
}

Status read_external(const fb::XNNTensorValue &blob, const std::string &path, uint32_t num_externs,
                     DelegateValue &value) {
  const uint32_t flags = blob.flags();
  if (flags != 0 && flags != kInputFlag && flags != kOutputFlag)
    return make_status(StatusCode::kInvalidProgram,
                       "%s.flags is 0x%" PRIx32 ", expected 0, 1 (graph input) or 2 (graph output)",
                       path.c_str(), flags);
  value.is_input = flags == kInputFlag;
  value.is_output = flags == kOutputFlag;
  value.external_id = blob.external_id();
  if (flags == 0 && value.is_external())
    return make_status(StatusCode::kInvalidProgram,
                       "%s.flags is 0, expected 1 or 2 for a value whose external_id is %" PRIu32,
                       path.c_str(), value.external_id);
  if (flags != 0 && value.external_id >= num_externs)
    return make_status(StatusCode::kInvalidProgram,
                       "%s.external_id is %" PRIu32 ", expected less than num_externs, %" PRIu32,
                       path.c_str(), value.external_id, num_externs);
  return {};
}

Status read_tensor(const fb::XNNTensorValue &blob, const DelegateConstants &constants,
                   const std::string &path, uint32_t num_externs, DelegateValue &value) {
  XNNIR_RETURN_IF_ERROR(read_datatype(blob.datatype(), path, value.datatype));
  XNNIR_RETURN_IF_ERROR(read_shape(blob, path, value));
  XNNIR_RETURN_IF_ERROR(read_external(blob, path, num_externs, value));
  if (blob.constant_buffer_idx() == 0)
    return {};
  if (value.is_external())
    return make_status(StatusCode::kInvalidProgram,
                       "%s.constant_buffer_idx is %" PRIu32 ", expected 0 for a graph input or output",
                       path.c_str(), blob.constant_buffer_idx());
  size_t bytes = 0;
  count_bytes(value.shape, value.datatype, &bytes);
  Result<ConstantBytes> found =
      constants.find(blob.constant_buffer_idx(), bytes, path + ".constant_buffer_idx");
  if (!found.ok())
    return found.status();
  value.data = found->bytes.data();
  value.slack = found->slack + (found->bytes.size() - bytes);
  return {};
}

// Splits an input that is to be quantised when the graph runs. Rows are the last dimension, as old runtimes
// had it.
Status split_dynamically_quantized(const fb::XNNTensorValue &blob, const std::string &path, uint32_t &index,
                                   DelegateGraph &graph) {
  if (blob.dq_datatype() == fb::XNNDatatype::xnn_datatype_invalid)
    return {};
  const DelegateValue &source = graph.values[index];
  if (blob.dq_datatype() != fb::XNNDatatype::xnn_datatype_qint8 &&
      blob.dq_datatype() != fb::XNNDatatype::xnn_datatype_qdint8)
    return make_status(StatusCode::kInvalidProgram, "%s.dq_datatype is %d, expected qint8 or qdint8",
                       path.c_str(), static_cast<int>(blob.dq_datatype()));
  if (!source.is_input || source.shape.rank == 0 || source.quantization.kind != Quantization::Kind::kNone)
    return make_status(StatusCode::kInvalidProgram,
                       "%s.dq_datatype is set, expected that only on float graph inputs of rank 1 or more",
                       path.c_str());
  DelegateValue quantized;
  quantized.position = source.position;
  quantized.datatype = Datatype::kQDInt8;
  quantized.shape = source.shape;
  quantized.quantization.kind = Quantization::Kind::kPerRow;
  quantized.quantization.num_nonbatch_dims = 1;

  DelegateNode convert;
  convert.kind = NodeKind::kConvert;
  convert.position = static_cast<uint32_t>(graph.nodes.size());
  convert.output_min = -INFINITY;
  convert.output_max = INFINITY;
  convert.inputs = {index};
  index = static_cast<uint32_t>(graph.values.size());
  convert.outputs = {index};
  graph.values.push_back(std::move(quantized));
  graph.nodes.push_back(std::move(convert));
  return {};
}

Status read_value(const fb::XValue &blob, const DelegateConstants &constants, const std::string &path,
                  uint32_t num_externs, DelegateValue &value, const fb::XNNTensorValue *&tensor) {
  const fb::XNNQuantizedTensorValue *quantized = blob.xvalue_union_as_XNNQuantizedTensorValue();
  tensor = quantized != nullptr ? quantized->tensor_value() : blob.xvalue_union_as_XNNTensorValue();
  if (tensor == nullptr)
    return make_status(StatusCode::kInvalidProgram,
                       quantized != nullptr ? "%s.tensor_value is missing"
                                            : "%s is missing or of a kind that is not known",
                       path.c_str());
  XNNIR_RETURN_IF_ERROR(read_tensor(*tensor, constants, path, num_externs, value));
  if (quantized != nullptr)
    return read_quantization(*quantized, constants, path, value);
  switch (value.datatype) {
  case Datatype::kFp32:
  case Datatype::kFp16:
  case Datatype::kBf16:
  case Datatype::kInt32:
    return {};
  default:
    return make_status(StatusCode::kInvalidProgram,
                       "%s.datatype is %s, expected an XNNQuantizedTensorValue with quant_params",
                       path.c_str(), to_string(value.datatype));
  }
}

// Scales are copied, and may be many for values that share one list in the file.
Status take_memory(const DelegateValue &value, const std::string &path, size_t limit, size_t &left) {
  size_t bytes = 0;
  count_bytes(value.shape, value.datatype, &bytes);
  bytes += value.quantization.channel_scales.size() * sizeof(float) +
           value.quantization.block_scales.size() * sizeof(uint16_t);
  if (bytes > left)
    return make_status(StatusCode::kOutOfResources,
                       "%s takes %zu bytes, and with those the delegate exceeds the %zu that "
                       "Limits::max_tensor_bytes allows",
                       path.c_str(), bytes, limit);
  left -= bytes;
  return {};
}

} // namespace

Status read_delegate_values(const fb::XNNGraph &blob, const DelegateConstants &constants,
                            DelegateGraph &graph, ValueIds &ids) {
  if (blob.num_externs() > kMaxExternalValues)
    return make_status(StatusCode::kInvalidProgram, "num_externs is %" PRIu32 ", expected at most %" PRIu32,
                       blob.num_externs(), kMaxExternalValues);
  graph.externals.assign(blob.num_externs(), kNoValue);
  const uint32_t count = blob.xvalues()->size();
  graph.values.reserve(count);
  size_t left = graph.max_bytes;
  for (uint32_t position = 0; position < count; ++position) {
    const std::string path = "xvalues[" + std::to_string(position) + "].xvalue_union";
    DelegateValue value;
    value.position = position;
    const fb::XNNTensorValue *tensor = nullptr;
    XNNIR_RETURN_IF_ERROR(
        read_value(*blob.xvalues()->Get(position), constants, path, blob.num_externs(), value, tensor));

    XNNIR_RETURN_IF_ERROR(take_memory(value, path, graph.max_bytes, left));
    uint32_t index = static_cast<uint32_t>(graph.values.size());
    if (value.is_external()) {
      uint32_t &external = graph.externals[value.external_id];
      if (external != kNoValue)
        return make_status(StatusCode::kInvalidProgram,
                           "%s.external_id is %" PRIu32 ", which xvalues[%" PRIu32 "] has already",
                           path.c_str(), value.external_id, graph.values[external].position);
      external = index;
    }
    graph.values.push_back(std::move(value));
    XNNIR_RETURN_IF_ERROR(split_dynamically_quantized(*tensor, path, index, graph));
    if (tensor->id_out() == kNoValue)
      return make_status(StatusCode::kInvalidProgram,
                         "%s.id_out is %" PRIu32 ", which stands for no value, expected an id", path.c_str(),
                         tensor->id_out());
    if (const auto [known, added] = ids.emplace(tensor->id_out(), index); !added)
      return make_status(StatusCode::kInvalidProgram,
                         "%s.id_out is %" PRIu32 ", which is the id of xvalues[%" PRIu32 "] already",
                         path.c_str(), tensor->id_out(), graph.values[known->second].position);
  }
  for (uint32_t external = 0; external < blob.num_externs(); ++external)
    if (graph.externals[external] == kNoValue)
      return make_status(StatusCode::kInvalidProgram,
                         "num_externs is %" PRIu32 ", but no value has external_id %" PRIu32,
                         blob.num_externs(), external);
  return {};
}

} // namespace xnnir
