#include "kernels/strided_copy.h"

#include <algorithm>
#include <cstring>

#include "kernels/parallel.h"

namespace xnnir {

namespace {

// Copies of fewer bytes are done before other threads have woken up.
constexpr size_t kMinParallelBytes = 256 * 1024;
// Rows and columns of a tile that is transposed in cache.
constexpr int64_t kTile = 16;

struct Loop {
  int64_t size;
  int64_t in;
  int64_t out;
};

struct Copy {
  const uint8_t *in;
  uint8_t *out;
  // From outermost to innermost; strides in bytes.
  Loop loops[kMaxTensorRank];
  size_t depth;
  size_t element_bytes;
};

// Loops from the largest output stride to the smallest, without those of size 1, neighbours merged where one
// index can do for both.
void simplify(Copy &copy) {
  Loop *end =
      std::remove_if(copy.loops, copy.loops + copy.depth, [](const Loop &loop) { return loop.size == 1; });
  std::stable_sort(copy.loops, end, [](const Loop &a, const Loop &b) { return a.out > b.out; });
  size_t depth = 0;
  for (const Loop *loop = copy.loops; loop != end; ++loop) {
    Loop *last = depth == 0 ? nullptr : &copy.loops[depth - 1];
    if (last != nullptr && last->in == loop->size * loop->in && last->out == loop->size * loop->out)
      *last = {last->size * loop->size, loop->in, loop->out};
    else
      copy.loops[depth++] = *loop;
  }
  if (depth == 0)
    copy.loops[depth++] = {1, static_cast<int64_t>(copy.element_bytes),
                           static_cast<int64_t>(copy.element_bytes)};
  copy.depth = depth;
}

template <size_t kBytes>
void copy_row(const uint8_t *in, uint8_t *out, int64_t count, int64_t in_stride, int64_t out_stride) {
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(out + i * out_stride, in + i * in_stride, kBytes);
}

// The two innermost loops where one side is dense along each: done in tiles, so that both sides stay in
// cache.
template <size_t kBytes>
void copy_plane(const uint8_t *in, uint8_t *out, const Loop &rows, const Loop &columns) {
  for (int64_t row = 0; row < rows.size; row += kTile)
    for (int64_t column = 0; column < columns.size; column += kTile) {
      const int64_t row_end = std::min(row + kTile, rows.size);
      const int64_t count = std::min(kTile, columns.size - column);
      for (int64_t i = row; i < row_end; ++i)
        copy_row<kBytes>(in + i * rows.in + column * columns.in, out + i * rows.out + column * columns.out,
                         count, columns.in, columns.out);
    }
}

template <size_t kBytes> void copy_loops(const Copy &copy, size_t level, const uint8_t *in, uint8_t *out) {
  const Loop &loop = copy.loops[level];
  if (level + 1 == copy.depth) {
    if (loop.in == static_cast<int64_t>(kBytes) && loop.out == static_cast<int64_t>(kBytes))
      std::memmove(out, in, static_cast<size_t>(loop.size) * kBytes);
    else
      copy_row<kBytes>(in, out, loop.size, loop.in, loop.out);
    return;
  }
  if (level + 2 == copy.depth && loop.in == static_cast<int64_t>(kBytes)) {
    copy_plane<kBytes>(in, out, loop, copy.loops[level + 1]);
    return;
  }
  for (int64_t i = 0; i < loop.size; ++i)
    copy_loops<kBytes>(copy, level + 1, in + i * loop.in, out + i * loop.out);
}

void run(const Copy &copy) {
  switch (copy.element_bytes) {
  case 1:
    return copy_loops<1>(copy, 0, copy.in, copy.out);
  case 2:
    return copy_loops<2>(copy, 0, copy.in, copy.out);
  case 4:
    return copy_loops<4>(copy, 0, copy.in, copy.out);
  default:
    return copy_loops<8>(copy, 0, copy.in, copy.out);
  }
}

// Part of the outermost loop.
void run_range(void *context, size_t start, size_t count) {
  Copy part = *static_cast<const Copy *>(context);
  part.in += static_cast<int64_t>(start) * part.loops[0].in;
  part.out += static_cast<int64_t>(start) * part.loops[0].out;
  part.loops[0].size = static_cast<int64_t>(count);
  run(part);
}

} // namespace

Dims sizes_of(const Tensor &tensor) {
  Dims sizes;
  for (const int32_t size : tensor.sizes())
    sizes.append(size);
  return sizes;
}

Dims strides_of(const Tensor &tensor) {
  Dims strides = sizes_of(tensor);
  int64_t stride = 1;
  for (size_t i = tensor.rank(); i-- > 0;) {
    const uint8_t dim = tensor.dim_order()[i];
    strides[dim] = stride;
    stride *= std::max(tensor.sizes()[dim], 1);
  }
  return strides;
}

void strided_copy(pthreadpool *threads, size_t element_bytes, const Dims &sizes, const void *in,
                  const Dims &in_strides, void *out, const Dims &out_strides) {
  const int64_t bytes = static_cast<int64_t>(element_bytes);
  Copy copy = {
      static_cast<const uint8_t *>(in), static_cast<uint8_t *>(out), {}, sizes.size(), element_bytes};
  size_t total = element_bytes;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0)
      return;
    total *= static_cast<size_t>(sizes[i]);
    copy.loops[i] = {sizes[i], in_strides[i] * bytes, out_strides[i] * bytes};
  }
  simplify(copy);
  const size_t outermost = static_cast<size_t>(copy.loops[0].size);
  const size_t workers = threads == nullptr ? 1 : pthreadpool_get_threads_count(threads);
  if (workers == 1 || total < kMinParallelBytes || outermost < workers) {
    run(copy);
    return;
  }
  run_on_pool(threads, run_range, &copy, outermost, (outermost + workers - 1) / workers);
}

} // namespace xnnir
