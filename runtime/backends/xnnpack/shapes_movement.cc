// Nodes that only move numbers.
#include "backends/xnnpack/shapes.h"
#include "core/overflow.h"

namespace xnnir {

Status infer_transpose(const ShapeInference &inference) {
  const auto &perm = inference.params<TransposeParams>().perm;
  XNNIR_RETURN_IF_ERROR(inference.expect_rank(0, perm.size()));
  Shape output;
  output.rank = perm.size();
  for (size_t i = 0; i < perm.size(); ++i)
    output[i] = inference.input(0)[perm[i]];
  return inference.output(output);
}

Status infer_reshape(const ShapeInference &inference) {
  const Shape &input = inference.input(0);
  const Shape &wanted = inference.params<ReshapeParams>().new_shape;
  Shape output = wanted;
  size_t open = kMaxDelegateRank;
  for (size_t i = 0; i < output.rank; ++i)
    if (output[i] == 0) {
      open = i;
      output[i] = 1;
    }
  size_t have = 0;
  size_t fixed = 0;
  const bool counted = count_elements(input, &have) && count_elements(output, &fixed);
  if (!counted || fixed == 0 || (open == kMaxDelegateRank ? have != fixed : have % fixed != 0))
    return inference.refuse("input is " + to_string(input) + ", which does not reshape to " +
                            to_string(wanted));
  if (open != kMaxDelegateRank)
    output[open] = have / fixed;
  return inference.output(output);
}

Status infer_slice(const ShapeInference &inference) {
  const auto &params = inference.params<SliceParams>();
  XNNIR_RETURN_IF_ERROR(inference.expect_rank(0, params.sizes.size()));
  const Shape &input = inference.input(0);
  Shape output = input;
  for (size_t i = 0; i < input.rank; ++i) {
    const size_t size = params.sizes[i] == 0 ? input[i] : params.sizes[i];
    if (params.offsets[i] > input[i] || size > input[i] - params.offsets[i])
      return inference.refuse("input is " + to_string(input) + ", but dimension " + std::to_string(i) +
                              " is sliced from " + std::to_string(params.offsets[i]) + " with size " +
                              std::to_string(size));
    output[i] = size;
  }
  return inference.output(output);
}

Status infer_pad(const ShapeInference &inference) {
  const auto &params = inference.params<PadParams>();
  XNNIR_RETURN_IF_ERROR(inference.expect_rank(0, params.pre.size()));
  const Shape &input = inference.input(0);
  Shape output = input;
  for (size_t i = 0; i < input.rank; ++i)
    if (add_overflow(output[i], params.pre[i], &output[i]) ||
        add_overflow(output[i], params.post[i], &output[i]))
      return inference.refuse("padding of dimension " + std::to_string(i) + " is too large");
  return inference.output(output);
}

Status infer_concatenate(const ShapeInference &inference) {
  const size_t axis = static_cast<size_t>(inference.params<ConcatenateParams>().axis);
  Shape output = inference.input(0);
  if (axis >= output.rank)
    return inference.refuse("axis is " + std::to_string(axis) + ", expected a dimension of input " +
                            to_string(output));
  for (size_t i = 1; i < inference.input_count(); ++i) {
    const Shape &input = inference.input(i);
    bool fits = input.rank == output.rank;
    for (size_t d = 0; fits && d < output.rank; ++d)
      fits = d == axis || input[d] == output[d];
    if (!fits)
      return inference.refuse("input " + std::to_string(i) + " is " + to_string(input) + ", expected " +
                              to_string(inference.input(0)) + " but for dimension " + std::to_string(axis));
    output[axis] += input[axis];
  }
  return inference.output(output);
}

Status infer_depth_to_space(const ShapeInference &inference) {
  const size_t block = inference.params<BlockParams>().block_size;
  XNNIR_RETURN_IF_ERROR(inference.expect_rank(0, 4));
  Shape output = inference.input(0);
  size_t area = 0;
  const bool fits = !mul_overflow(block, block, &area) && output[3] != 0 && output[3] % area == 0;
  if (fits)
    output[3] /= area;
  if (!fits || mul_overflow(output[1], block, &output[1]) || mul_overflow(output[2], block, &output[2]))
    return inference.refuse("input is " + to_string(inference.input(0)) +
                            ", expected channels that make blocks of " + std::to_string(block) +
                            " rows and " + std::to_string(block) + " columns");
  return inference.output(output);
}

Status infer_space_to_depth(const ShapeInference &inference) {
  const size_t block = inference.params<BlockParams>().block_size;
  XNNIR_RETURN_IF_ERROR(inference.expect_rank(0, 4));
  Shape output = inference.input(0);
  const bool fits = output[1] != 0 && output[2] != 0 && output[1] % block == 0 && output[2] % block == 0;
  output[1] /= block;
  output[2] /= block;
  if (!fits || mul_overflow(output[3], block, &output[3]) || mul_overflow(output[3], block, &output[3]))
    return inference.refuse("input is " + to_string(inference.input(0)) + ", expected multiples of " +
                            std::to_string(block) + " rows and columns");
  return inference.output(output);
}

} // namespace xnnir
