// Operators that compute each element of their result from one element of each input.
//
// Inputs broadcast, may have any dtype and any dim_order. They are read as streams of elements in the order
// of the result's memory, a block at a time, converted to one of three types: int64 for all integers and
// bool, float for float and the 16-bit floats, double. So an operator is three loops over dense blocks,
// however many dtypes there are. Blocks that need no conversion are used where they lie.
//
//   return elementwise<2>(context, AnyCompute{}, {common, common}, {self, other}, *out,
//                         [](auto a, auto b) { return a + b; });
#pragma once

#include <initializer_list>
#include <utility>

#include "kernels/dtype_switch.h"
#include "kernels/promotion.h"
#include "kernels/strided_copy.h"

namespace xnnir {

// What the functions of an operator can be called with.
using AnyCompute = TypeList<int64_t, float, double>;
using FloatCompute = TypeList<float, double>;
using IntegerCompute = TypeList<int64_t>;

constexpr size_t kMaxElementwiseInputs = 4;
// Elements of a block: those of all inputs of an operator stay in the first level of cache.
constexpr size_t kBlockElements = 512;

// Elements as the loops see them.
enum class BlockType : uint8_t { kBool, kInt64, kFloat, kDouble };

template <typename T> constexpr BlockType block_type_of() {
  if constexpr (std::is_same_v<T, bool>)
    return BlockType::kBool;
  else if constexpr (std::is_same_v<T, int64_t>)
    return BlockType::kInt64;
  else if constexpr (std::is_same_v<T, float>)
    return BlockType::kFloat;
  else {
    static_assert(std::is_same_v<T, double>, "functions give bool, int64, float or double");
    return BlockType::kDouble;
  }
}
// The type that elements of `type` are computed in.
BlockType block_type(ScalarType type);

// Computes `count` elements of `output` from as many of each input.
using BlockFunction = void (*)(const void *state, const void *const *inputs, void *output, size_t count);

// A tensor, or a part of one.
struct ElementwiseInput {
  ElementwiseInput() = default;
  ElementwiseInput(const Tensor *tensor)
      : data(tensor->data()), dtype(tensor->dtype()), sizes(sizes_of(*tensor)), strides(strides_of(*tensor)) {
  }
  ElementwiseInput(const Tensor *tensor, ScalarType as) : ElementwiseInput(tensor) { this->as = as; }

  const void *data = nullptr;
  ScalarType dtype = ScalarType::kFloat;
  Dims sizes;
  // In elements.
  Dims strides;
  // The dtype that elements are cast to first; the loop gets block_type(as). Without one it is the operator's
  // common dtype.
  std::optional<ScalarType> as;
};

struct ElementwiseLoop {
  BlockFunction function;
  const void *state;
  // What `function` writes.
  BlockType output;
  // The dtype that PyTorch's result has; it is cast to that of `out` from there.
  ScalarType result;
};

// The sizes of the result of inputs that broadcast. kInvalidArgument names the dimension where they do not.
Result<Dims> broadcast_sizes(Span<const ElementwiseInput> inputs);

// Resizes `out` and computes it, on several threads where it is large. kInvalidArgument for shapes that do
// not broadcast, kNotSupported where `out` has another shape or dtypes cannot be cast.
Status run_elementwise(KernelContext &context, const ElementwiseLoop &loop,
                       Span<const ElementwiseInput> inputs, Tensor &out);

// A number among inputs, as a tensor of rank 0. Stays valid as long as this does.
class ScalarInput {
public:
  // `value` as an element of `type`.
  ScalarInput(const Scalar &value, ScalarType type);
  ScalarInput(const ScalarInput &) = delete;
  ScalarInput &operator=(const ScalarInput &) = delete;
  const Tensor *tensor() const { return &tensor_; }

private:
  alignas(8) uint8_t bytes_[8] = {};
  Tensor tensor_;
};

// What `F` gives for kInputs elements of T, and its loop over a block.
template <size_t, typename T> using Repeat = T;
template <typename F, typename T, typename Indices> struct BlockOf;
template <typename F, typename T, size_t... I> struct BlockOf<F, T, std::index_sequence<I...>> {
  using Output = std::invoke_result_t<const F &, Repeat<I, T>...>;
  static void run(const void *state, const void *const *inputs, void *output, size_t count) {
    const F &f = *static_cast<const F *>(state);
    auto *out = static_cast<Output *>(output);
    for (size_t i = 0; i < count; ++i)
      out[i] = f(static_cast<const T *>(inputs[I])[i]...);
  }
};

struct ElementwiseTypes {
  // Inputs are cast to `common` (PyTorch's promoted dtype) before the function sees them.
  ScalarType common;
  // The dtype of PyTorch's result.
  ScalarType result;
};

// Calls `f` with kInputs elements of one of the Compute types, to which `types.common` belongs; it gives that
// type, or bool. `float_block` computes the same for blocks of floats, faster.
template <size_t kInputs, typename... Compute, typename F>
Status elementwise(KernelContext &context, TypeList<Compute...>, const ElementwiseTypes &types,
                   std::initializer_list<ElementwiseInput> inputs, Tensor &out, const F &f,
                   BlockFunction float_block = nullptr) {
  static_assert(kInputs <= kMaxElementwiseInputs);
  if (types.common == ScalarType::kUInt64)
    return make_status(StatusCode::kNotSupported, "there is no arithmetic on uint64");
  ElementwiseInput all[kInputs];
  size_t count = 0;
  for (const ElementwiseInput &input : inputs) {
    all[count] = input;
    all[count++].as = input.as.value_or(types.common);
  }
  ElementwiseLoop loop = {nullptr, &f, BlockType::kBool, types.result};
  const auto choose = [&](auto tag) {
    using Block = BlockOf<F, typename decltype(tag)::type, std::make_index_sequence<kInputs>>;
    loop.function = Block::run;
    loop.output = block_type_of<typename Block::Output>();
  };
  const BlockType type = block_type(types.common);
  ((block_type_of<Compute>() == type ? choose(TypeTag<Compute>{}) : void()), ...);
  if (loop.function == nullptr)
    return make_status(StatusCode::kInvalidType,
                       "the inputs are of dtype %s, which the operator does not take",
                       to_string(types.common));
  if (float_block != nullptr && type == BlockType::kFloat)
    loop.function = float_block;
  return run_elementwise(context, loop, {all, kInputs}, out);
}

} // namespace xnnir
