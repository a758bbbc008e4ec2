#include "kernels/dense.h"

#include "core/overflow.h"
#include "kernels/convert_blocks.h"
#include "kernels/parallel.h"
#include "kernels/strided_copy.h"

namespace xnnir {

namespace {

Dims contiguous_strides(const Tensor &tensor) {
  Dims strides = sizes_of(tensor);
  int64_t stride = 1;
  for (size_t i = tensor.rank(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max(tensor.sizes()[i], 1);
  }
  return strides;
}

BlockType block_type_of(ScalarType dense) {
  return dense == ScalarType::kFloat
             ? BlockType::kFloat
             : (dense == ScalarType::kDouble ? BlockType::kDouble : BlockType::kInt64);
}

// uint64 would have its upper half taken for negative numbers.
bool has_numbers(ScalarType dtype) { return dtype != ScalarType::kUInt64; }

Status cannot_convert(ScalarType dtype) {
  return make_status(StatusCode::kInvalidType, "elements of %s cannot be computed with here",
                     to_string(dtype));
}

// From the elements of a tensor, in logical order.
Status load(pthreadpool *threads, ScalarType from, const void *in, ScalarType dense, void *out,
            size_t count) {
  const LoadFunction function = load_function(from, block_type_of(dense));
  if (function == nullptr || !has_numbers(from))
    return cannot_convert(from);
  parallel_for(threads, count, 1, [&](size_t start, size_t size) {
    function(static_cast<const uint8_t *>(in) + start * element_size(from), 1, size,
             static_cast<uint8_t *>(out) + start * element_size(dense));
  });
  return {};
}

Status store(pthreadpool *threads, ScalarType dense, const void *in, ScalarType to, void *out, size_t count) {
  const StoreFunction function = store_function(block_type_of(dense), to);
  if (function == nullptr || !has_numbers(to))
    return cannot_convert(to);
  parallel_for(threads, count, 1, [&](size_t start, size_t size) {
    function(static_cast<const uint8_t *>(in) + start * element_size(dense), size,
             static_cast<uint8_t *>(out) + start * element_size(to));
  });
  return {};
}

} // namespace

Result<size_t> checked_product(Span<const int64_t> sizes) {
  size_t product = 1;
  bool empty = false;
  for (const int64_t size : sizes) {
    empty |= size == 0;
    if (size != 0 && mul_overflow(product, size, &product))
      return make_status(StatusCode::kNotSupported, "sizes have a product beyond what memory can hold");
  }
  return empty ? size_t{0} : product;
}

bool is_contiguous(const Tensor &tensor) {
  const Dims strides = strides_of(tensor);
  const Dims expected = contiguous_strides(tensor);
  for (size_t i = 0; i < tensor.rank(); ++i)
    if (tensor.sizes()[i] > 1 && strides[i] != expected[i])
      return false;
  return true;
}

Status read_dense(pthreadpool *threads, const Tensor &tensor, ScalarType dtype, void *array) {
  const size_t count = tensor.numel();
  if (is_contiguous(tensor))
    return load(threads, tensor.dtype(), tensor.data(), dtype, array, count);
  const size_t bytes = element_size(tensor.dtype());
  if (tensor.dtype() == dtype) {
    strided_copy(threads, bytes, sizes_of(tensor), tensor.data(), strides_of(tensor), array,
                 contiguous_strides(tensor));
    return {};
  }
  Scratch<uint8_t> ordered;
  XNNIR_RETURN_IF_ERROR(ordered.allocate(tensor.nbytes()));
  strided_copy(threads, bytes, sizes_of(tensor), tensor.data(), strides_of(tensor), ordered.data(),
               contiguous_strides(tensor));
  return load(threads, tensor.dtype(), ordered.data(), dtype, array, count);
}

Status write_dense(pthreadpool *threads, ScalarType dtype, const void *array, const Tensor &tensor) {
  const size_t count = tensor.numel();
  if (is_contiguous(tensor))
    return store(threads, dtype, array, tensor.dtype(), tensor.data(), count);
  const size_t bytes = element_size(tensor.dtype());
  Scratch<uint8_t> converted;
  if (tensor.dtype() != dtype) {
    XNNIR_RETURN_IF_ERROR(converted.allocate(tensor.nbytes()));
    XNNIR_RETURN_IF_ERROR(store(threads, dtype, array, tensor.dtype(), converted.data(), count));
    array = converted.data();
  }
  strided_copy(threads, bytes, sizes_of(tensor), array, contiguous_strides(tensor), tensor.data(),
               strides_of(tensor));
  return {};
}

Status unsupported_dtype(ScalarType dtype, const char *name, const char *expected) {
  return make_status(StatusCode::kInvalidType, "%s has dtype %s, expected %s", name, to_string(dtype),
                     expected);
}

} // namespace xnnir
