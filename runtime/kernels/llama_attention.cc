// llama::update_cache.out, llama::custom_sdpa.out and llama::sdpa_with_kv_cache.out: ExecuTorch's operators
// for attention over a cache of keys and values. Queries, keys, values and caches are [batch, positions,
// heads, size].
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/dense.h"
#include "kernels/elements.h"
#include "kernels/parallel.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

Status expect_positions(const Tensor &tensor, const char *name) {
  if (tensor.rank() != 4 || !is_contiguous(tensor))
    return make_status(StatusCode::kInvalidArgument,
                       "%s has rank %zu, expected a contiguous tensor [batch, positions, heads, size]", name,
                       tensor.rank());
  return {};
}

// cache[:, start : start + positions of value] = value
Status update_cache(KernelContext &context, const Tensor &value, int64_t start, Tensor &cache) {
  XNNIR_RETURN_IF_ERROR(expect_positions(value, "value"));
  XNNIR_RETURN_IF_ERROR(expect_positions(cache, "cache"));
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(value, cache));
  for (const size_t dim : {0, 2, 3})
    if (value.sizes()[dim] != cache.sizes()[dim])
      return make_status(StatusCode::kInvalidArgument,
                         "value has size %d in dimension %zu, expected %d as cache has", value.sizes()[dim],
                         dim, cache.sizes()[dim]);
  const int64_t room = cache.sizes()[1] - value.sizes()[1];
  if (start < 0 || start > room)
    return make_status(StatusCode::kInvalidArgument,
                       "start_pos is %lld, expected 0 to %lld: cache has %d positions and value %d",
                       static_cast<long long>(start), static_cast<long long>(room), cache.sizes()[1],
                       value.sizes()[1]);
  if (value.numel() == 0)
    return {};
  const size_t bytes = element_size(value.dtype());
  const Dims strides = strides_of(cache);
  strided_copy(context.threads(), bytes, sizes_of(value), value.data(), strides_of(value),
               cache.data_as<uint8_t>() + static_cast<size_t>(start * strides[1]) * bytes, strides);
  return {};
}

struct Attention {
  const Tensor *query = nullptr;
  const Tensor *key = nullptr;
  const Tensor *value = nullptr;
  // The position of the first query among the keys.
  int64_t start = 0;
  // [positions of query, positions of key], added to the scores; null for none.
  const Tensor *mask = nullptr;
  bool is_causal = false;
  std::optional<double> scale;
  Tensor *out = nullptr;
};

// Reads everything from `index` of the call on: start_pos, then seq_len where `has_length`, attn_mask,
// drpout_p, is_causal, scale, out.
Attention read_attention(Arguments &arguments, size_t index, bool has_length) {
  Attention attention;
  attention.query = arguments.tensor(0, "query");
  attention.start = arguments.integer(index, "start_pos");
  index += has_length ? 2 : 1;
  attention.mask = arguments.optional_tensor(index, "attn_mask");
  const std::optional<double> dropout = arguments.optional_number(index + 1, "drpout_p");
  attention.is_causal = arguments.boolean(index + 2, "is_causal");
  attention.scale = arguments.optional_number(index + 3, "scale");
  attention.out = arguments.output(index + 4);
  if (dropout.value_or(0) != 0)
    arguments.fail(
        make_status(StatusCode::kNotSupported, "drpout_p is %g, expected 0: there is no training", *dropout));
  return attention;
}

Status check(const Attention &attention) {
  const Tensor &query = *attention.query;
  const Tensor &key = *attention.key;
  XNNIR_RETURN_IF_ERROR(expect_positions(query, "query"));
  XNNIR_RETURN_IF_ERROR(expect_positions(key, "key"));
  XNNIR_RETURN_IF_ERROR(expect_positions(*attention.value, "value"));
  for (const Tensor *other : {attention.key, attention.value, static_cast<const Tensor *>(attention.out)})
    XNNIR_RETURN_IF_ERROR(expect_same_dtype(query, *other));
  const ScalarType dtype = query.dtype();
  if (dtype != ScalarType::kFloat && dtype != ScalarType::kHalf && dtype != ScalarType::kBFloat16)
    return make_status(StatusCode::kInvalidType, "query has dtype %s, expected float32, float16 or bfloat16",
                       to_string(dtype));
  const Span<const int32_t> q = query.sizes();
  const Span<const int32_t> k = key.sizes();
  const Span<const int32_t> v = attention.value->sizes();
  if (!std::equal(k.begin(), k.end(), v.begin()) || q[0] != k[0] || q[3] != k[3] ||
      (k[2] == 0 ? q[2] != 0 : q[2] % k[2] != 0))
    return make_status(
        StatusCode::kInvalidArgument,
        "query [%d, %d, %d, %d], key [%d, %d, %d, %d] and value [%d, %d, %d, %d] do not belong "
        "together: batch and size have to be the same, and heads of query a multiple",
        q[0], q[1], q[2], q[3], k[0], k[1], k[2], k[3], v[0], v[1], v[2], v[3]);
  if (attention.start < 0 || attention.start > k[1] - (attention.mask == nullptr ? q[1] : 0))
    return make_status(StatusCode::kInvalidArgument,
                       "start_pos is %lld, but with %d queries there are %d positions",
                       static_cast<long long>(attention.start), q[1], k[1]);
  if (attention.mask == nullptr)
    return {};
  const Tensor &mask = *attention.mask;
  if (attention.is_causal)
    return make_status(StatusCode::kInvalidArgument, "attn_mask and is_causal exclude each other");
  if (mask.dtype() != ScalarType::kFloat || mask.rank() != 2 || !is_contiguous(mask) ||
      mask.sizes()[0] != q[1] || mask.sizes()[1] != k[1])
    return make_status(StatusCode::kInvalidArgument,
                       "attn_mask is %s of rank %zu, expected contiguous float32 [%d, %d]",
                       to_string(mask.dtype()), mask.rank(), q[1], k[1]);
  return {};
}

// Several sums at a time, which a compiler makes one vector of.
float dot(const float *a, const float *b, size_t count) {
  constexpr size_t kLanes = 8;
  float sums[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane)
      sums[lane] += a[i + lane] * b[i + lane];
  for (; i < count; ++i)
    sums[0] += a[i] * b[i];
  float sum = 0;
  for (const float part : sums)
    sum += part;
  return sum;
}

// Elements of a row as floats: where they lie, or converted into `buffer`.
const float *read_row(const Tensor &tensor, size_t offset, size_t count, float *buffer) {
  if (tensor.dtype() == ScalarType::kFloat)
    return tensor.data_as<float>() + offset;
  convert_elements(tensor.dtype(), tensor.data_as<uint16_t>() + offset, ScalarType::kFloat, buffer, count);
  return buffer;
}

// Attention of one query of one head; `scores` has room for every key, `rows` for three rows.
void attend(const Attention &attention, size_t batch, size_t position, size_t head, float *scores,
            float *rows) {
  const Span<const int32_t> q = attention.query->sizes();
  const Span<const int32_t> k = attention.key->sizes();
  const auto size = static_cast<size_t>(q[3]);
  const auto heads = static_cast<size_t>(q[2]);
  const auto key_heads = static_cast<size_t>(k[2]);
  const size_t key_head = head / (heads / key_heads);
  const auto start = static_cast<size_t>(attention.start);
  const size_t positions = static_cast<size_t>(q[1]);
  const size_t all = attention.mask != nullptr ? static_cast<size_t>(k[1]) : start + positions;
  const size_t keys = attention.is_causal ? start + position + 1 : all;
  const auto key_offset = [&](size_t t) {
    return ((batch * static_cast<size_t>(k[1]) + t) * key_heads + key_head) * size;
  };
  const size_t query_offset = ((batch * positions + position) * heads + head) * size;
  const float *query = read_row(*attention.query, query_offset, size, rows);
  const auto scale = static_cast<float>(attention.scale.value_or(1 / std::sqrt(static_cast<double>(size))));
  const float *mask = attention.mask == nullptr ? nullptr : attention.mask->data_as<float>() + position * all;

  float largest = -std::numeric_limits<float>::infinity();
  for (size_t t = 0; t < keys; ++t) {
    scores[t] = scale * dot(query, read_row(*attention.key, key_offset(t), size, rows + size), size);
    if (mask != nullptr)
      scores[t] += mask[t];
    largest = std::max(largest, scores[t]);
  }
  float *sum = rows + 2 * size;
  std::fill_n(sum, size, 0.0f);
  float total = 0;
  // A query that sees no key gets zeros.
  for (size_t t = 0; t < keys && largest != -std::numeric_limits<float>::infinity(); ++t) {
    const float weight = std::exp(scores[t] - largest);
    total += weight;
    const float *value = read_row(*attention.value, key_offset(t), size, rows + size);
    for (size_t i = 0; i < size; ++i)
      sum[i] += weight * value[i];
  }
  for (size_t i = 0; i < size && total != 0; ++i)
    sum[i] /= total;
  convert_elements(ScalarType::kFloat, sum, attention.out->dtype(),
                   attention.out->data_as<uint8_t>() + query_offset * element_size(attention.out->dtype()),
                   size);
}

Status run(KernelContext &context, const Attention &attention) {
  XNNIR_RETURN_IF_ERROR(check(attention));
  XNNIR_RETURN_IF_ERROR(resize_output(*attention.out, sizes_of(*attention.query)));
  if (!is_contiguous(*attention.out))
    return make_status(StatusCode::kNotSupported, "out must be contiguous, but its dim_order is permuted");
  if (attention.out->numel() == 0)
    return {};
  const Span<const int32_t> q = attention.query->sizes();
  const auto keys = static_cast<size_t>(attention.key->sizes()[1]);
  const auto heads = static_cast<size_t>(q[2]);
  const auto positions = static_cast<size_t>(q[1]);
  const auto size = static_cast<size_t>(q[3]);
  const size_t room = keys + 3 * size;
  const int64_t factors[] = {q[0], q[2], static_cast<int64_t>(room)};
  Result<size_t> total = checked_product({factors, 3});
  if (!total.ok())
    return total.status();
  Scratch<float> scratch;
  XNNIR_RETURN_IF_ERROR(scratch.allocate(*total));
  const size_t units = static_cast<size_t>(q[0]) * heads;
  parallel_for(context.threads(), units, 4 * positions * keys * size, [&](size_t first, size_t count) {
    for (size_t unit = first; unit < first + count; ++unit)
      for (size_t position = 0; position < positions; ++position) {
        float *scores = scratch.data() + unit * room;
        attend(attention, unit / heads, position, unit % heads, scores, scores + keys);
      }
  });
  return {};
}

// update_cache.out(value, cache, start_pos, out); out stands for a dependency, and is not written.
Status update_cache_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 5);
  const Tensor *value = arguments.tensor(0, "value");
  Tensor *cache = arguments.output(1);
  const int64_t start = arguments.integer(2, "start_pos");
  return arguments.ok() ? update_cache(context, *value, start, *cache) : arguments.status();
}

// custom_sdpa.out(query, key, value, start_pos, attn_mask, drpout_p, is_causal, scale, out)
Status custom_sdpa_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 10);
  Attention attention = read_attention(arguments, 3, false);
  attention.key = arguments.tensor(1, "key");
  attention.value = arguments.tensor(2, "value");
  return arguments.ok() ? run(context, attention) : arguments.status();
}

// sdpa_with_kv_cache.out(query, key, value, key_cache, value_cache, start_pos, seq_len, attn_mask, drpout_p,
// is_causal, scale, out)
Status sdpa_with_kv_cache_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 13);
  Attention attention = read_attention(arguments, 5, true);
  const Tensor *key = arguments.tensor(1, "key");
  const Tensor *value = arguments.tensor(2, "value");
  Tensor *key_cache = arguments.output(3);
  Tensor *value_cache = arguments.output(4);
  const int64_t length = arguments.integer(6, "seq_len");
  if (!arguments.ok())
    return arguments.status();
  if (key->rank() == 4 && length != key->sizes()[1])
    return make_status(StatusCode::kInvalidArgument, "seq_len is %lld, expected the %d positions of key",
                       static_cast<long long>(length), key->sizes()[1]);
  XNNIR_RETURN_IF_ERROR(update_cache(context, *key, attention.start, *key_cache));
  XNNIR_RETURN_IF_ERROR(update_cache(context, *value, attention.start, *value_cache));
  attention.key = key_cache;
  attention.value = value_cache;
  return run(context, attention);
}

const KernelRegistration kUpdateCache("llama::update_cache.out", update_cache_out);
const KernelRegistration kCustomSdpa("llama::custom_sdpa.out", custom_sdpa_out);
const KernelRegistration kSdpaWithKvCache("llama::sdpa_with_kv_cache.out", sdpa_with_kv_cache_out);

} // namespace

} // namespace xnnir
