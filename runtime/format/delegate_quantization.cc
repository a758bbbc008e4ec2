#include <cinttypes>
#include <cmath>
#include <cstring>

#include "format/delegate_values.h"

namespace xnnir {
namespace {

namespace fb = schema::xnnpack;

// The 4-bit types are stored unsigned, as number + 8.
constexpr int32_t kFourBitZeroPoint = 8;
// XNNPACK's 4-bit kernels take blocks of a multiple of so many.
constexpr int32_t kBlockMultiple = 32;

bool is_scale(float scale) { return scale > 0.0f && std::isnormal(scale); }

float bf16_to_float(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value = 0.0f;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

// Blobs from before block scales were stored as bf16 have fp32 ones, and runtimes have always cut them like
// this: a multiplication that makes up for truncation on average, then truncation.
uint16_t legacy_block_scale(float scale) {
  const float adjusted = scale * 1.00389105f;
  uint32_t bits = 0;
  std::memcpy(&bits, &adjusted, sizeof bits);
  return static_cast<uint16_t>(bits >> 16);
}

Status bad_scale(const std::string &path, size_t index, float scale) {
  return make_status(StatusCode::kInvalidProgram,
                     "%s.scale[%zu] is %g, expected a positive, finite, normalised number", path.c_str(),
                     index, static_cast<double>(scale));
}

Status wrong_kind(const std::string &path, const DelegateValue &value, const char *expected) {
  return make_status(StatusCode::kInvalidProgram, "%s.quant_params does not fit datatype %s, expected %s",
                     path.c_str(), to_string(value.datatype), expected);
}

Status read_per_tensor(const fb::PerTensorQuant &blob, const std::string &path, DelegateValue &value) {
  int32_t lowest = 0;
  int32_t highest = 0;
  if (value.datatype == Datatype::kQInt8) {
    lowest = -128;
    highest = 127;
  } else if (value.datatype == Datatype::kQUInt8) {
    highest = 255;
  }
  if (blob.zero_point() < lowest || blob.zero_point() > highest)
    return make_status(StatusCode::kInvalidProgram,
                       "%s.zero_point is %" PRId32 ", expected %" PRId32 " to %" PRId32 " for datatype %s",
                       path.c_str(), blob.zero_point(), lowest, highest, to_string(value.datatype));
  if (!is_scale(blob.scale()))
    return make_status(StatusCode::kInvalidProgram,
                       "%s.scale is %g, expected a positive, finite, normalised number", path.c_str(),
                       static_cast<double>(blob.scale()));
  value.quantization.kind = Quantization::Kind::kPerTensor;
  value.quantization.scale = blob.scale();
  value.quantization.zero_point = blob.zero_point();
  return {};
}

Status check_channel_dim(int32_t channel_dim, const std::string &path, const DelegateValue &value) {
  if (channel_dim < 0 || static_cast<size_t>(channel_dim) >= value.shape.rank)
    return make_status(StatusCode::kInvalidProgram,
                       "%s.channel_dim is %" PRId32 ", expected a dimension of shape %s", path.c_str(),
                       channel_dim, to_string(value.shape).c_str());
  if (value.data == nullptr)
    return make_status(StatusCode::kInvalidProgram, "%s: only constants can have datatype %s", path.c_str(),
                       to_string(value.datatype));
  return {};
}

// The scales of both kinds below: a list in the flatbuffer, or a constant of `num_scales` elements of T.
template <typename T, typename Table>
Status read_scales(const Table &blob, const DelegateConstants &constants, const std::string &path,
                   size_t needed, T (*from_float)(float), std::vector<T> &scales) {
  scales.resize(needed);
  if (blob.scale_buffer_idx() == 0) {
    const size_t given = blob.scale() == nullptr ? 0 : blob.scale()->size();
    if (given < needed)
      return make_status(StatusCode::kInvalidProgram, "%s.scale has %zu entries, expected %zu", path.c_str(),
                         given, needed);
    for (size_t i = 0; i < needed; ++i) {
      const float scale = blob.scale()->Get(static_cast<uint32_t>(i));
      if (!is_scale(scale))
        return bad_scale(path, i, scale);
      scales[i] = from_float(scale);
    }
    return {};
  }
  if (blob.num_scales() != needed)
    return make_status(StatusCode::kInvalidProgram, "%s.num_scales is %" PRIu32 ", expected %zu",
                       path.c_str(), blob.num_scales(), needed);
  Result<ConstantBytes> found =
      constants.find(blob.scale_buffer_idx(), needed * sizeof(T), path + ".scale_buffer_idx");
  if (!found.ok())
    return found.status();
  std::memcpy(scales.data(), found->bytes.data(), needed * sizeof(T));
  return {};
}

Status read_per_channel(const fb::PerChannelQuant &blob, const DelegateConstants &constants,
                        const std::string &path, DelegateValue &value) {
  XNNIR_RETURN_IF_ERROR(check_channel_dim(blob.channel_dim(), path, value));
  Quantization &quantization = value.quantization;
  quantization.kind = Quantization::Kind::kPerChannel;
  quantization.channel_dim = static_cast<size_t>(blob.channel_dim());
  quantization.zero_point = value.datatype == Datatype::kQCInt4 ? kFourBitZeroPoint : 0;
  XNNIR_RETURN_IF_ERROR(read_scales<float>(
      blob, constants, path, value.shape[quantization.channel_dim], [](float scale) { return scale; },
      quantization.channel_scales));
  for (size_t i = 0; i < quantization.channel_scales.size(); ++i)
    if (!is_scale(quantization.channel_scales[i]))
      return bad_scale(path, i, quantization.channel_scales[i]);
  return {};
}

Status read_per_block(const fb::PerChannelGroupQuant &blob, const DelegateConstants &constants,
                      const std::string &path, DelegateValue &value) {
  XNNIR_RETURN_IF_ERROR(check_channel_dim(blob.channel_dim(), path, value));
  if (value.shape.rank != 2 || blob.channel_dim() != 0)
    return make_status(StatusCode::kInvalidProgram,
                       "%s.channel_dim is %" PRId32
                       " of shape %s, expected 0 of a matrix [output channels, input "
                       "channels]",
                       path.c_str(), blob.channel_dim(), to_string(value.shape).c_str());
  if (blob.group_size() <= 0 || blob.group_size() % kBlockMultiple != 0 ||
      value.shape[1] % static_cast<size_t>(blob.group_size()) != 0)
    return make_status(StatusCode::kInvalidProgram,
                       "%s.group_size is %" PRId32 ", expected a multiple of %" PRId32 " that divides %zu",
                       path.c_str(), blob.group_size(), kBlockMultiple, value.shape[1]);
  Quantization &quantization = value.quantization;
  quantization.kind = Quantization::Kind::kPerBlock;
  quantization.channel_dim = 0;
  quantization.block_size = static_cast<size_t>(blob.group_size());
  quantization.zero_point = kFourBitZeroPoint;
  const size_t blocks = value.shape[0] * (value.shape[1] / quantization.block_size);
  XNNIR_RETURN_IF_ERROR(
      read_scales<uint16_t>(blob, constants, path, blocks, legacy_block_scale, quantization.block_scales));
  for (size_t i = 0; i < blocks; ++i)
    if (const float scale = bf16_to_float(quantization.block_scales[i]); !is_scale(scale))
      return bad_scale(path, i, scale);
  return {};
}

Status read_per_row(const fb::PerTokenDynamicQuant &blob, const std::string &path, DelegateValue &value) {
  if (blob.num_nonbatch_dims() < 1 || static_cast<size_t>(blob.num_nonbatch_dims()) > value.shape.rank)
    return make_status(StatusCode::kInvalidProgram,
                       "%s.num_nonbatch_dims is %" PRId32 ", expected 1 to the rank of shape %s",
                       path.c_str(), blob.num_nonbatch_dims(), to_string(value.shape).c_str());
  if (value.is_external() || value.data != nullptr)
    return make_status(StatusCode::kInvalidProgram,
                       "%s: a graph input, graph output or constant cannot have datatype %s", path.c_str(),
                       to_string(value.datatype));
  value.quantization.kind = Quantization::Kind::kPerRow;
  value.quantization.num_nonbatch_dims = static_cast<size_t>(blob.num_nonbatch_dims());
  return {};
}

} // namespace

Status read_quantization(const fb::XNNQuantizedTensorValue &blob, const DelegateConstants &constants,
                         const std::string &path, DelegateValue &value) {
  const std::string params = path + ".quant_params";
  if (blob.quant_params() == nullptr)
    return make_status(StatusCode::kInvalidProgram, "%s is missing", params.c_str());
  switch (value.datatype) {
  case Datatype::kQInt8:
  case Datatype::kQUInt8:
  case Datatype::kQInt32:
    if (const auto *per_tensor = blob.quant_params_as_PerTensorQuant())
      return read_per_tensor(*per_tensor, params, value);
    return wrong_kind(path, value, "PerTensorQuant");
  case Datatype::kQCInt8:
  case Datatype::kQCInt32:
  case Datatype::kQCInt4:
    if (const auto *per_channel = blob.quant_params_as_PerChannelQuant())
      return read_per_channel(*per_channel, constants, params, value);
    return wrong_kind(path, value, "PerChannelQuant");
  case Datatype::kQBInt4:
    if (const auto *per_block = blob.quant_params_as_PerChannelGroupQuant())
      return read_per_block(*per_block, constants, params, value);
    return wrong_kind(path, value, "PerChannelGroupQuant");
  case Datatype::kQDInt8:
    if (const auto *per_row = blob.quant_params_as_PerTokenDynamicQuant())
      return read_per_row(*per_row, params, value);
    return wrong_kind(path, value, "PerTokenDynamicQuant");
  default:
    return make_status(StatusCode::kInvalidProgram,
                       "%s.tensor_value.datatype is %s, expected a quantised one", path.c_str(),
                       to_string(value.datatype));
  }
}

} // namespace xnnir
