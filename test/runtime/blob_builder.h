// Builds XNNPACK delegate blobs for tests, and runs them:
//
//   BlobBuilder blob;
//   const auto x = blob.input({1, 8});
//   const auto y = blob.output({1, 8});
//   blob.unary(XNodeUnion::XNNAbs, x, y);
//   auto delegate = blob.load();
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "xnnir/backend.h"
#include "xnnir_schema/xnnpack_generated.h"

namespace xnnir::test {

namespace fb = schema::xnnpack;
using fb::XNNDatatype;
using fb::XNodeUnion;

using Dims = std::vector<uint32_t>;
constexpr uint32_t kNone = 0xFFFFFFFF;

inline size_t count(const Dims &dims) {
  size_t product = 1;
  for (uint32_t size : dims)
    product *= size;
  return product;
}

// Named data held in memory.
class TestNamedData final : public NamedDataMap {
public:
  Result<Span<const uint8_t>> get(const std::string &key) const override {
    const auto found = entries.find(key);
    if (found == entries.end())
      return make_status(StatusCode::kNotFound, "there is no named data '%s'", key.c_str());
    return Span<const uint8_t>(found->second);
  }
  std::map<std::string, std::vector<uint8_t>> entries;
};

// Where constants go.
enum class Constants { kNamed, kBehindFlatbuffer, kInFlatbuffer };

struct Bounds {
  float min = -INFINITY;
  float max = INFINITY;
};

struct Conv {
  uint32_t top = 0, right = 0, bottom = 0, left = 0;
  uint32_t kernel_height = 1, kernel_width = 1;
  uint32_t stride_height = 1, stride_width = 1;
  uint32_t dilation_height = 1, dilation_width = 1;
  uint32_t group_input_channels = 1, group_output_channels = 1, groups = 1;
  uint32_t adjustment_height = 0, adjustment_width = 0;
};

struct Pool {
  uint32_t top = 0, right = 0, bottom = 0, left = 0;
  uint32_t height = 2, width = 2;
  uint32_t stride_height = 1, stride_width = 1;
  uint32_t dilation_height = 1, dilation_width = 1;
};

// Quantisation of a value: at most one of the kinds.
struct Coding {
  XNNDatatype datatype = XNNDatatype::xnn_datatype_fp32;
  float scale = 0.0f;
  int32_t zero_point = 0;
  std::vector<float> channel_scales;
  int32_t channel_dim = 0;
  std::vector<uint16_t> block_scales;
  int32_t block_size = 0;
  int32_t num_nonbatch_dims = 0;
};

inline Coding fp32() { return {}; }
inline Coding qint8(float scale, int32_t zero_point) {
  return {XNNDatatype::xnn_datatype_qint8, scale, zero_point, {}, 0, {}, 0, 0};
}
inline Coding per_channel(XNNDatatype type, std::vector<float> scales, int32_t channel_dim) {
  return {type, 0.0f, 0, std::move(scales), channel_dim, {}, 0, 0};
}
inline Coding rows(int32_t num_nonbatch_dims) {
  return {XNNDatatype::xnn_datatype_qdint8, 0.0f, 0, {}, 0, {}, 0, num_nonbatch_dims};
}

class BlobBuilder {
public:
  explicit BlobBuilder(Constants constants = Constants::kNamed) : constants_(constants) {
    constant_offsets_.push_back(fb::CreateConstantDataOffset(fbb_, 0, 0));
    constant_buffers_.push_back(fb::CreateBuffer(fbb_));
  }

  // Values, named by the ids that come back.
  uint32_t input(const Dims &dims, const Coding &coding = {}) {
    return add(dims, coding, 0, next_external_++, 1);
  }
  uint32_t output(const Dims &dims, const Coding &coding = {}) {
    return add(dims, coding, 0, next_external_++, 2);
  }
  uint32_t value(const Dims &dims, const Coding &coding = {}) { return add(dims, coding, 0, kNone, 0); }
  template <typename T>
  uint32_t constant(const Dims &dims, const std::vector<T> &data, const Coding &coding = {}) {
    return add(dims, coding, store(data), kNone, 0);
  }
  // A value of its own over the bytes of the last constant.
  uint32_t same_constant(const Dims &dims, const Coding &coding = {}) {
    return add(dims, coding, static_cast<uint32_t>(constant_offsets_.size()) - 1, kNone, 0);
  }
  // An fp32 input that an old blob asks to be quantised when it runs.
  uint32_t legacy_dynamic_input(const Dims &dims) {
    dq_datatype_ = XNNDatatype::xnn_datatype_qint8;
    const uint32_t id = input(dims);
    dq_datatype_ = XNNDatatype::xnn_datatype_invalid;
    return id;
  }

  // Nodes.
  void unary(XNodeUnion kind, uint32_t x, uint32_t y, Bounds bounds = {}, uint32_t flags = 0) {
    node(kind, fb::CreateXNNNode1x1(fbb_, x, y, flags).Union(), bounds);
  }
  void binary(XNodeUnion kind, uint32_t a, uint32_t b, uint32_t y, Bounds bounds = {}, uint32_t flags = 0) {
    node(kind, fb::CreateXNNNode2x1(fbb_, a, b, y, flags).Union(), bounds);
  }
  void fully_connected(uint32_t x, uint32_t w, uint32_t b, uint32_t y, Bounds bounds = {},
                       uint32_t flags = 0) {
    node(XNodeUnion::XNNFullyConnected, fb::CreateXNNFullyConnected(fbb_, x, w, b, y, flags).Union(), bounds);
  }
  void conv(XNodeUnion kind, const Conv &c, uint32_t x, uint32_t w, uint32_t b, uint32_t y,
            Bounds bounds = {}) {
    node(kind,
         fb::CreateXNNNodeConv(fbb_, c.top, c.right, c.bottom, c.left, c.kernel_height, c.kernel_width,
                               c.stride_height, c.stride_width, c.dilation_height, c.dilation_width,
                               c.group_input_channels, c.group_output_channels, c.groups, c.adjustment_height,
                               c.adjustment_width, x, w, b, y, 0)
             .Union(),
         bounds);
  }
  void pool(XNodeUnion kind, const Pool &p, uint32_t x, uint32_t y, Bounds bounds = {}) {
    node(kind,
         fb::CreateXNNPooling2D(fbb_, p.top, p.right, p.bottom, p.left, p.height, p.width, p.stride_height,
                                p.stride_width, p.dilation_height, p.dilation_width, x, y, 0)
             .Union(),
         bounds);
  }
  void argmax_pool(uint32_t height, uint32_t width, uint32_t x, uint32_t y, uint32_t index) {
    node(XNodeUnion::XNNArgMaxPooling2d,
         fb::CreateXNNArgMaxPooling2d(fbb_, 0, 0, 0, 0, height, width, x, y, index, 0).Union());
  }
  void transpose(const Dims &perm, uint32_t x, uint32_t y) {
    const auto list = fbb_.CreateVector(perm);
    node(XNodeUnion::XNNStaticTranspose,
         fb::CreateXNNStaticTranspose(fbb_, static_cast<uint32_t>(perm.size()), list, x, y, 0).Union());
  }
  void reshape(const Dims &shape, uint32_t x, uint32_t y) {
    const auto list = fbb_.CreateVector(shape);
    node(XNodeUnion::XNNStaticReshape,
         fb::CreateXNNStaticReshape(fbb_, static_cast<uint32_t>(shape.size()), list, x, y, 0).Union());
  }
  void slice(const Dims &offsets, const Dims &sizes, uint32_t x, uint32_t y) {
    const auto offset_list = fbb_.CreateVector(offsets);
    const auto size_list = fbb_.CreateVector(sizes);
    node(XNodeUnion::XNNStaticSlice, fb::CreateXNNStaticSlice(fbb_, static_cast<uint32_t>(offsets.size()),
                                                              offset_list, size_list, x, y, 0)
                                         .Union());
  }
  void pad(const Dims &pre, const Dims &post, float value, uint32_t x, uint32_t y) {
    const auto pre_list = fbb_.CreateVector(pre);
    const auto post_list = fbb_.CreateVector(post);
    node(XNodeUnion::XNNStaticConstantPad,
         fb::CreateXNNStaticConstantPad(fbb_, pre_list, post_list, value, x, y, 0).Union());
  }
  void resize(uint32_t height, uint32_t width, uint32_t x, uint32_t y, uint32_t flags) {
    node(XNodeUnion::XNNStaticResizeBilinear2D,
         fb::CreateXNNStaticResizeBilinear2D(fbb_, height, width, x, y, flags).Union());
  }
  void concatenate(uint32_t axis, const std::vector<uint32_t> &xs, uint32_t y) {
    static constexpr XNodeUnion kKinds[] = {XNodeUnion::XNNConcatenate2, XNodeUnion::XNNConcatenate3,
                                            XNodeUnion::XNNConcatenate4, XNodeUnion::XNNConcatenate5};
    std::vector<uint32_t> ids = xs;
    ids.resize(5, kNone);
    node(kKinds[xs.size() - 2],
         fb::CreateXNNCat(fbb_, axis, ids[0], ids[1], ids[2], ids[3], y, 0, ids[4]).Union());
  }
  void slope(XNodeUnion kind, float slope, uint32_t x, uint32_t y) {
    node(kind, kind == XNodeUnion::XNNELU ? fb::CreateXNNELU(fbb_, slope, x, y, 0).Union()
                                          : fb::CreateXNNLeakyReLU(fbb_, slope, x, y, 0).Union());
  }
  void reduce(fb::XNNReduceOperator op, const Dims &axes, uint32_t x, uint32_t y, uint32_t flags = 0) {
    const auto list = fbb_.CreateVector(axes);
    node(XNodeUnion::XNNStaticReduce, fb::CreateXNNStaticReduce(fbb_, op, list, x, y, flags).Union());
  }
  void blocks(XNodeUnion kind, uint32_t block_size, uint32_t x, uint32_t y) {
    node(kind, fb::CreateXNNBlock2D(fbb_, block_size, x, y, 0).Union());
  }
  void node(XNodeUnion kind, flatbuffers::Offset<void> table, Bounds bounds = {}) {
    // As a writer does.
    if (kind > XNodeUnion::XNNCos)
      backend = "XnnirXnnpackBackend";
    flatbuffers::Offset<fb::OutputMinMax> limits;
    if (bounds.min != -INFINITY || bounds.max != INFINITY)
      limits = fb::CreateOutputMinMax(fbb_, bounds.min, bounds.max);
    nodes_.push_back(fb::CreateXNode(fbb_, kind, table, debug_handle, limits));
  }
  flatbuffers::FlatBufferBuilder &flatbuffer() { return fbb_; }

  // debug_handle of the nodes that follow.
  uint32_t debug_handle = 65535;
  TestNamedData named_data;
  // Who loads the blob.
  std::string backend = "XnnpackBackend";
  // What delegates share; each has its own without.
  std::shared_ptr<BackendState> state;
  bool with_header = true;
  // -1: as many as there are inputs and outputs.
  int64_t num_externs = -1;

  // The blob. Call once; load() does.
  const std::vector<uint8_t> &finish() {
    const bool old = constants_ == Constants::kInFlatbuffer;
    const auto xnodes = fbb_.CreateVector(nodes_);
    const auto xvalues = fbb_.CreateVector(values_);
    const auto buffers = old ? fbb_.CreateVector(constant_buffers_) : 0;
    const auto offsets = old ? 0 : fbb_.CreateVector(constant_offsets_);
    const auto version = fbb_.CreateString("0");
    const uint32_t externs = num_externs < 0 ? next_external_ : static_cast<uint32_t>(num_externs);
    fbb_.Finish(fb::CreateXNNGraph(fbb_, version, xnodes, xvalues, externs, 0, 0, buffers, offsets),
                old ? "XN00" : "XN01");
    const std::vector<uint8_t> body(fbb_.GetBufferPointer(), fbb_.GetBufferPointer() + fbb_.GetSize());
    blob_ = with_header ? header(body) : body;
    return blob_;
  }

  Result<std::unique_ptr<Delegate>> load(bool profile = false) {
    finish();
    return load(blob_, profile);
  }
  Result<std::unique_ptr<Delegate>> load(const std::vector<uint8_t> &blob, bool profile = false) {
    BackendInitContext context;
    context.named_data = &named_data;
    context.method_name = "forward";
    context.profile = profile;
    context.state = state;
    return find_backend(backend)->init(context, blob);
  }

private:
  template <typename T> uint32_t store(const std::vector<T> &data) {
    const auto *bytes = reinterpret_cast<const uint8_t *>(data.data());
    const std::vector<uint8_t> raw(bytes, bytes + data.size() * sizeof(T));
    switch (constants_) {
    case Constants::kNamed: {
      const std::string key = "constant" + std::to_string(constant_offsets_.size());
      named_data.entries[key] = raw;
      const auto name = fbb_.CreateString(key);
      constant_offsets_.push_back(fb::CreateConstantDataOffset(fbb_, UINT64_MAX, raw.size(), name));
      return static_cast<uint32_t>(constant_offsets_.size() - 1);
    }
    case Constants::kBehindFlatbuffer:
      tail_.resize((tail_.size() + 15) / 16 * 16);
      constant_offsets_.push_back(fb::CreateConstantDataOffset(fbb_, tail_.size(), raw.size()));
      tail_.insert(tail_.end(), raw.begin(), raw.end());
      return static_cast<uint32_t>(constant_offsets_.size() - 1);
    case Constants::kInFlatbuffer:
      fbb_.ForceVectorAlignment(raw.size(), 1, 16);
      constant_buffers_.push_back(fb::CreateBuffer(fbb_, fbb_.CreateVector(raw)));
      return static_cast<uint32_t>(constant_buffers_.size() - 1);
    }
    return 0;
  }

  uint32_t add(const Dims &dims, const Coding &coding, uint32_t constant, uint32_t external, uint32_t flags) {
    const uint32_t id = next_id_++;
    flatbuffers::Offset<void> params;
    auto kind = fb::XNNQuantParams::NONE;
    if (!coding.channel_scales.empty()) {
      const auto scales = fbb_.CreateVector(coding.channel_scales);
      kind = fb::XNNQuantParams::PerChannelQuant;
      params = fb::CreatePerChannelQuant(fbb_, scales, coding.channel_dim, 0, 0).Union();
    } else if (!coding.block_scales.empty()) {
      const uint32_t index = store(coding.block_scales);
      const auto scales = fbb_.CreateVector(std::vector<float>());
      kind = fb::XNNQuantParams::PerChannelGroupQuant;
      params = fb::CreatePerChannelGroupQuant(fbb_, scales, coding.channel_dim, coding.block_size, index,
                                              static_cast<uint32_t>(coding.block_scales.size()))
                   .Union();
    } else if (coding.num_nonbatch_dims != 0) {
      kind = fb::XNNQuantParams::PerTokenDynamicQuant;
      params = fb::CreatePerTokenDynamicQuant(fbb_, coding.num_nonbatch_dims).Union();
    } else if (coding.scale != 0.0f) {
      kind = fb::XNNQuantParams::PerTensorQuant;
      params = fb::CreatePerTensorQuant(fbb_, coding.scale, coding.zero_point).Union();
    }
    const auto list = fbb_.CreateVector(dims);
    const auto tensor = fb::CreateXNNTensorValue(fbb_, coding.datatype, static_cast<uint32_t>(dims.size()),
                                                 list, constant, external, flags, id, dq_datatype_);
    if (kind == fb::XNNQuantParams::NONE)
      values_.push_back(fb::CreateXValue(fbb_, fb::XValueUnion::XNNTensorValue, tensor.Union()));
    else
      values_.push_back(
          fb::CreateXValue(fbb_, fb::XValueUnion::XNNQuantizedTensorValue,
                           fb::CreateXNNQuantizedTensorValue(fbb_, tensor, kind, params).Union()));
    return id;
  }

  std::vector<uint8_t> header(const std::vector<uint8_t> &body) const {
    const size_t padded = (body.size() + 15) / 16 * 16;
    std::vector<uint8_t> blob(32 + padded + tail_.size());
    const auto put = [&blob](size_t at, uint64_t number, size_t bytes) {
      for (size_t i = 0; i < bytes; ++i)
        blob[at + i] = static_cast<uint8_t>(number >> (8 * i));
    };
    std::memcpy(&blob[4], "XH00", 4);
    put(8, 30, 2);
    put(10, 32, 4);
    put(14, body.size(), 4);
    put(18, 32 + padded, 4);
    put(22, tail_.size(), 8);
    std::copy(body.begin(), body.end(), blob.begin() + 32);
    std::copy(tail_.begin(), tail_.end(), blob.begin() + static_cast<ptrdiff_t>(32 + padded));
    return blob;
  }

  Constants constants_;
  flatbuffers::FlatBufferBuilder fbb_;
  std::vector<flatbuffers::Offset<fb::XNode>> nodes_;
  std::vector<flatbuffers::Offset<fb::XValue>> values_;
  std::vector<flatbuffers::Offset<fb::ConstantDataOffset>> constant_offsets_;
  std::vector<flatbuffers::Offset<fb::Buffer>> constant_buffers_;
  std::vector<uint8_t> tail_;
  std::vector<uint8_t> blob_;
  XNNDatatype dq_datatype_ = XNNDatatype::xnn_datatype_invalid;
  uint32_t next_id_ = 0;
  uint32_t next_external_ = 0;
};

} // namespace xnnir::test
