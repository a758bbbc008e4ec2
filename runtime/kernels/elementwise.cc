#include "kernels/elementwise.h"

#include <algorithm>

#include "kernels/convert_blocks.h"
#include "kernels/parallel.h"

namespace xnnir {

namespace {

// Results with fewer elements are there before other threads have woken up.
constexpr size_t kMinParallelElements = 32 * 1024;

constexpr size_t kBlockBytes = kBlockElements * sizeof(int64_t);

size_t block_element_size(BlockType type) {
  switch (type) {
  case BlockType::kBool:
    return 1;
  case BlockType::kFloat:
    return 4;
  default:
    return 8;
  }
}

// One dimension of an input, or several that one index does for; strides in elements.
struct Loop {
  int64_t size;
  int64_t stride;
};

// The elements of an input in the order of the result's memory.
class Stream {
public:
  // `order` lists the result's dimensions, outermost first.
  Status init(const ElementwiseInput &input, const Dims &sizes, Span<const uint8_t> order) {
    const BlockType type = block_type(*input.as);
    load_ = load_function(input.dtype, type);
    if (load_ == nullptr)
      return make_status(StatusCode::kNotSupported, "there is no arithmetic on %s", to_string(input.dtype));
    base_ = static_cast<const uint8_t *>(input.data);
    element_size_ = element_size(input.dtype);
    block_element_bytes_ = block_element_size(type);
    if (cast_rounds(input.dtype, *input.as)) {
      round_ = store_function(type, *input.as);
      reload_ = load_function(*input.as, type);
    }
    const size_t missing = sizes.size() - input.sizes.size();
    for (size_t i = 0; i < order.size(); ++i) {
      const size_t dim = order[i];
      if (sizes[dim] == 1)
        continue;
      const bool repeats = dim < missing || input.sizes[dim - missing] == 1;
      append({sizes[dim], repeats ? 0 : input.strides[dim - missing]});
    }
    if (depth_ == 0)
      append({1, 0});
    const Loop &inner = loops_[depth_ - 1];
    is_constant_ = depth_ == 1 && inner.stride == 0;
    // Bytes of a bool may be any number, so bools are always converted.
    is_direct_ = depth_ == 1 && inner.stride == 1 && round_ == nullptr && type != BlockType::kBool &&
                 block_type(input.dtype) == type && element_size_ == block_element_size(type);
    return {};
  }

  bool is_constant() const { return is_constant_; }

  // Elements `start` to `start + count`, where they lie or in `buffer`.
  const void *read(size_t start, size_t count, uint8_t *buffer) const {
    if (is_direct_)
      return base_ + start * element_size_;
    if (depth_ == 1)
      load_(base_ + static_cast<int64_t>(start) * loops_[0].stride * static_cast<int64_t>(element_size_),
            loops_[0].stride, count, buffer);
    else
      gather(start, count, buffer);
    if (round_ != nullptr) {
      alignas(64) uint8_t rounded[kBlockBytes];
      round_(buffer, count, rounded);
      reload_(rounded, 1, count, buffer);
    }
    return buffer;
  }

private:
  void append(const Loop &loop) {
    Loop *last = depth_ == 0 ? nullptr : &loops_[depth_ - 1];
    if (last != nullptr && last->stride == loop.size * loop.stride)
      *last = {last->size * loop.size, loop.stride};
    else
      loops_[depth_++] = loop;
  }

  // One piece of the innermost loop after the other.
  void gather(size_t start, size_t count, uint8_t *buffer) const {
    int64_t at[kMaxTensorRank];
    int64_t offset = 0;
    size_t rest = start;
    for (size_t i = depth_; i-- > 0;) {
      const auto size = static_cast<size_t>(loops_[i].size);
      at[i] = static_cast<int64_t>(rest % size);
      rest /= size;
      offset += at[i] * loops_[i].stride;
    }
    const Loop &inner = loops_[depth_ - 1];
    int64_t &column = at[depth_ - 1];
    while (count > 0) {
      const size_t piece = std::min(count, static_cast<size_t>(inner.size - column));
      load_(base_ + offset * static_cast<int64_t>(element_size_), inner.stride, piece, buffer);
      buffer += piece * block_element_bytes_;
      count -= piece;
      offset -= column * inner.stride;
      column = 0;
      for (size_t i = depth_ - 1; i-- > 0;) {
        offset += loops_[i].stride;
        if (++at[i] < loops_[i].size)
          break;
        offset -= loops_[i].size * loops_[i].stride;
        at[i] = 0;
      }
    }
  }

  const uint8_t *base_ = nullptr;
  size_t element_size_ = 0;
  size_t block_element_bytes_ = 8;
  LoadFunction load_ = nullptr;
  StoreFunction round_ = nullptr;
  LoadFunction reload_ = nullptr;
  Loop loops_[kMaxTensorRank] = {};
  size_t depth_ = 0;
  bool is_constant_ = false;
  bool is_direct_ = false;
};

struct Work {
  const ElementwiseLoop *loop;
  Stream streams[kMaxElementwiseInputs];
  size_t count;
  uint8_t *out;
  size_t out_element_size;
  // Null where the function may write to `out` itself.
  StoreFunction store;
  // Set where results are cast to their own dtype before they are cast to that of `out`.
  StoreFunction round;
  LoadFunction reload;
};

void run_range(void *context, size_t start, size_t count) {
  const Work &work = *static_cast<const Work *>(context);
  alignas(64) uint8_t buffers[kMaxElementwiseInputs][kBlockBytes];
  alignas(64) uint8_t result[kBlockBytes];
  alignas(64) uint8_t rounded[kBlockBytes];
  const void *inputs[kMaxElementwiseInputs] = {};
  for (size_t i = 0; i < work.count; ++i)
    if (work.streams[i].is_constant())
      inputs[i] = work.streams[i].read(0, std::min(count, kBlockElements), buffers[i]);
  for (size_t done = 0; done < count;) {
    const size_t block = std::min(count - done, kBlockElements);
    for (size_t i = 0; i < work.count; ++i)
      if (!work.streams[i].is_constant())
        inputs[i] = work.streams[i].read(start + done, block, buffers[i]);
    uint8_t *out = work.out + (start + done) * work.out_element_size;
    if (work.store == nullptr) {
      work.loop->function(work.loop->state, inputs, out, block);
    } else {
      work.loop->function(work.loop->state, inputs, result, block);
      if (work.round != nullptr) {
        work.round(result, block, rounded);
        work.reload(rounded, 1, block, result);
      }
      work.store(result, block, out);
    }
    done += block;
  }
}

Status prepare_output(const ElementwiseLoop &loop, const Tensor &out, Work &work) {
  if (!can_cast(loop.result, out.dtype()))
    return make_status(StatusCode::kInvalidType,
                       "out has dtype %s, to which a result of dtype %s cannot be cast",
                       to_string(out.dtype()), to_string(loop.result));
  work.out = out.data_as<uint8_t>();
  work.out_element_size = element_size(out.dtype());
  work.store = store_function(loop.output, out.dtype());
  work.round = nullptr;
  if (work.store == nullptr)
    return make_status(StatusCode::kNotSupported, "there is no arithmetic on %s", to_string(out.dtype()));
  const bool same_type = loop.output == BlockType::kBool
                             ? out.dtype() == ScalarType::kBool
                             : block_type(out.dtype()) == loop.output &&
                                   block_element_size(loop.output) == work.out_element_size;
  if (loop.result == out.dtype() && same_type)
    work.store = nullptr;
  if (loop.result != out.dtype() && loop.output != BlockType::kBool &&
      cast_rounds(loop.output == BlockType::kInt64 ? ScalarType::kLong : ScalarType::kFloat, loop.result)) {
    work.round = store_function(loop.output, loop.result);
    work.reload = load_function(loop.result, loop.output);
  }
  return {};
}

} // namespace

BlockType block_type(ScalarType type) {
  switch (type) {
  case ScalarType::kBool:
    return BlockType::kInt64;
  case ScalarType::kDouble:
    return BlockType::kDouble;
  case ScalarType::kHalf:
  case ScalarType::kBFloat16:
  case ScalarType::kFloat:
    return BlockType::kFloat;
  default:
    return BlockType::kInt64;
  }
}

Result<Dims> broadcast_sizes(Span<const ElementwiseInput> inputs) {
  size_t rank = 0;
  for (const ElementwiseInput &input : inputs)
    rank = std::max(rank, input.sizes.size());
  Dims sizes;
  for (size_t i = 0; i < rank; ++i)
    sizes.append(1);
  for (size_t number = 0; number < inputs.size(); ++number) {
    const Dims &own = inputs[number].sizes;
    for (size_t i = 0; i < own.size(); ++i) {
      int64_t &size = sizes[rank - own.size() + i];
      if (own[i] == 1 || size == own[i])
        continue;
      if (size != 1)
        return make_status(
            StatusCode::kInvalidArgument,
            "the inputs do not broadcast: dimension %zu from the end is %lld in one and %lld in input %zu",
            own.size() - i, static_cast<long long>(size), static_cast<long long>(own[i]), number);
      size = own[i];
    }
  }
  return sizes;
}

Status run_elementwise(KernelContext &context, const ElementwiseLoop &loop,
                       Span<const ElementwiseInput> inputs, Tensor &out) {
  Result<Dims> sizes = broadcast_sizes(inputs);
  if (!sizes.ok())
    return sizes.status();
  Work work = {};
  XNNIR_RETURN_IF_ERROR(resize_output(out, *sizes));
  XNNIR_RETURN_IF_ERROR(prepare_output(loop, out, work));
  work.loop = &loop;
  work.count = inputs.size();
  for (size_t i = 0; i < inputs.size(); ++i)
    XNNIR_RETURN_IF_ERROR(work.streams[i].init(inputs[i], *sizes, out.dim_order()));
  const size_t numel = out.numel();
  if (numel == 0)
    return {};
  pthreadpool *threads = context.threads();
  const size_t workers = threads == nullptr ? 1 : pthreadpool_get_threads_count(threads);
  if (workers == 1 || numel < kMinParallelElements) {
    run_range(&work, 0, numel);
    return {};
  }
  const size_t blocks = (numel + kBlockElements - 1) / kBlockElements;
  const size_t tile = (blocks + workers - 1) / workers * kBlockElements;
  run_on_pool(threads, run_range, &work, numel, tile);
  return {};
}

ScalarInput::ScalarInput(const Scalar &value, ScalarType type) {
  // The dtypes that arithmetic has, so neither of these fails.
  static_cast<void>(dtype_switch(AllTypes{}, type, "a number", [&](auto tag) {
    write_element(value.to<typename decltype(tag)::type>(), bytes_);
  }));
  if (Result<Tensor> tensor = Tensor::make(type, {}, {}, ShapeDynamism::kStatic); tensor.ok())
    tensor_ = *tensor;
  tensor_.set_read_only_data(bytes_, sizeof(bytes_));
}

} // namespace xnnir
