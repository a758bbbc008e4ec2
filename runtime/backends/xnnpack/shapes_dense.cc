// Elementwise nodes and matrix products.
#include <algorithm>

#include "backends/xnnpack/shapes.h"

namespace xnnir {
namespace {

// Size of dimension `from_end` (1 is the last); 1 where the shape has no such dimension.
size_t size_from_end(const Shape &shape, size_t from_end) {
  return from_end > shape.rank ? 1 : shape[shape.rank - from_end];
}

} // namespace

Status infer_unary(const ShapeInference &inference) {
  if (inference.node().kind == NodeKind::kSoftmax && inference.input(0).rank == 0)
    return inference.refuse("input is [], expected rank 1 or more");
  return inference.output(inference.input(0));
}

Status infer_binary(const ShapeInference &inference) {
  const Shape &a = inference.input(0);
  const Shape &b = inference.input(1);
  Shape output;
  output.rank = std::max(a.rank, b.rank);
  for (size_t i = 1; i <= output.rank; ++i) {
    const size_t size_a = size_from_end(a, i);
    const size_t size_b = size_from_end(b, i);
    if (size_a != size_b && size_a != 1 && size_b != 1)
      return inference.refuse("inputs are " + to_string(a) + " and " + to_string(b) +
                              ", which do not broadcast together");
    output[output.rank - i] = std::max(size_a, size_b);
  }
  return inference.output(output);
}

Status infer_reduce(const ShapeInference &inference) {
  constexpr uint32_t kKeepDims = 0x40;
  const auto &axes = inference.params<ReduceParams>().axes;
  const Shape &input = inference.input(0);
  if (axes.empty() || axes.back() >= input.rank)
    return inference.refuse("input is " + to_string(input) + ", expected more dimensions to reduce");
  const bool keeps = (inference.node().flags & kKeepDims) != 0;
  Shape output;
  size_t next = 0;
  for (size_t i = 0; i < input.rank; ++i) {
    const bool reduced = next < axes.size() && axes[next] == i;
    next += reduced ? 1 : 0;
    if (!reduced)
      output[output.rank++] = input[i];
    else if (keeps)
      output[output.rank++] = 1;
  }
  return inference.output(output);
}

Status infer_fully_connected(const ShapeInference &inference) {
  XNNIR_RETURN_IF_ERROR(inference.expect_rank(1, 2));
  const Shape &input = inference.input(0);
  const Shape &filter = inference.input(1);
  const bool transposed = inference.node().flags != 0;
  const size_t input_channels = filter[transposed ? 0 : 1];
  const size_t output_channels = filter[transposed ? 1 : 0];
  if (input.rank == 0 || input[input.rank - 1] != input_channels)
    return inference.refuse("input is " + to_string(input) + " and filter " + to_string(filter) +
                            ", expected " + std::to_string(input_channels) +
                            " input channels in the last dimension");
  if (inference.input_count() > 2) {
    const Shape &bias = inference.input(2);
    size_t elements = 0;
    if (!count_elements(bias, &elements) || elements != output_channels)
      return inference.refuse("bias is " + to_string(bias) + ", expected " + std::to_string(output_channels) +
                              " elements");
  }
  Shape output = input;
  output[output.rank - 1] = output_channels;
  return inference.output(output);
}

Status infer_batch_matrix_multiply(const ShapeInference &inference) {
  const Shape &a = inference.input(0);
  const Shape &b = inference.input(1);
  if (a.rank < 2 || b.rank < 2)
    return inference.refuse("inputs are " + to_string(a) + " and " + to_string(b) +
                            ", expected rank 2 or more");
  const bool transposed = inference.node().flags != 0;
  const size_t inner = size_from_end(b, transposed ? 1 : 2);
  if (size_from_end(a, 1) != inner)
    return inference.refuse("inputs are " + to_string(a) + " and " + to_string(b) +
                            ", whose inner dimensions differ");
  Shape output;
  output.rank = std::max(a.rank, b.rank);
  output[output.rank - 2] = size_from_end(a, 2);
  output[output.rank - 1] = size_from_end(b, transposed ? 2 : 1);
  for (size_t i = 3; i <= output.rank; ++i) {
    const size_t size_a = size_from_end(a, i);
    const size_t size_b = size_from_end(b, i);
    if (size_a != size_b && size_a != 1 && size_b != 1)
      return inference.refuse("inputs are " + to_string(a) + " and " + to_string(b) +
                              ", whose batches do not broadcast together");
    output[output.rank - i] = std::max(size_a, size_b);
  }
  return inference.output(output);
}

} // namespace xnnir
