// Kernels called with arguments that fit their schema more or less: whatever a call is, it returns. Memory is
// taken from the heap in exact sizes, so that a sanitizer sees each byte too far; without one, the bytes
// behind results are looked at.
#include <algorithm>
#include <cctype>
#include <cstring>
#include <memory>
#include <random>

#include <gtest/gtest.h>

#include "xnnir/kernel.h"

namespace xnnir::test {

namespace {

// An operator's arguments, a letter each:
//   t tensor of the call's dtype; x indices (int64 or int32); m mask; i small int; n int or None; l list of
//   ints; s number; b bool; r name of a reduction; L list of tensors; O list of tensors or None; o out; W
//   list of outs
struct Signature {
  const char *name;
  const char *arguments;
};

constexpr Signature kSignatures[] = {
    {"aten::_to_copy.out", "tbno"},
    {"aten::abs.out", "to"},
    {"aten::add.out", "ttso"},
    {"aten::addcmul.out", "tttso"},
    {"aten::arange.start_out", "ssso"},
    {"aten::as_strided_copy.out", "tllno"},
    {"aten::bernoulli.out", "tno"},
    {"aten::bitwise_left_shift.Tensor_out", "tto"},
    {"aten::bitwise_not.out", "to"},
    {"aten::bucketize.Tensor_out", "ttbbo"},
    {"aten::cat.out", "Lio"},
    {"aten::clamp.Tensor_out", "ttto"},
    {"aten::clamp.out", "tsso"},
    {"aten::clone.out", "tno"},
    {"aten::constant_pad_nd.out", "tlso"},
    {"aten::copy.out", "ttbo"},
    {"aten::copy_", "otb"},
    {"aten::diagonal_copy.out", "tiiio"},
    {"aten::diagonal_scatter.out", "ttiiio"},
    {"aten::div.out_mode", "ttno"},
    {"aten::embedding.out", "txibbo"},
    {"aten::exp.out", "to"},
    {"aten::expand_copy.out", "tlbo"},
    {"aten::eye.m_out", "iio"},
    {"aten::fill.Scalar_out", "tso"},
    {"aten::fill.Tensor_out", "tto"},
    {"aten::flip.out", "tlo"},
    {"aten::floor_divide.out", "tto"},
    {"aten::full.out", "lso"},
    {"aten::gather.out", "tixbo"},
    {"aten::glu.out", "tio"},
    {"aten::gt.Tensor_out", "tto"},
    {"aten::index.Tensor_out", "tOo"},
    {"aten::index_put.out", "tOtbo"},
    {"aten::index_put_", "oOtb"},
    {"aten::index_select.out", "tixo"},
    {"aten::isin.Tensor_Tensor_out", "ttbbo"},
    {"aten::lerp.Tensor_out", "ttto"},
    {"aten::linspace.out", "ssio"},
    {"aten::masked_fill.Scalar_out", "tmso"},
    {"aten::masked_fill.Tensor_out", "tmto"},
    {"aten::masked_scatter.out", "tmto"},
    {"aten::masked_select.out", "tmo"},
    {"aten::narrow_copy.out", "tiiio"},
    {"aten::native_dropout.out", "tsboo"},
    {"aten::nonzero.out", "to"},
    {"aten::permute_copy.out", "tlo"},
    {"aten::pow.Tensor_Scalar_out", "tso"},
    {"aten::rand.out", "lo"},
    {"aten::randint.low_out", "iilo"},
    {"aten::remainder.Tensor_out", "tto"},
    {"aten::repeat.out", "tlo"},
    {"aten::repeat_interleave.Tensor_out", "xno"},
    {"aten::roll.out", "tllo"},
    {"aten::rsub.Scalar_out", "tsso"},
    {"aten::scatter.reduce_out", "tixtro"},
    {"aten::scatter.src_out", "tixto"},
    {"aten::scatter.value_out", "tixso"},
    {"aten::scatter.value_reduce_out", "tixsro"},
    {"aten::scatter_add.out", "tixto"},
    {"aten::scatter_reduce.two_out", "tixtrbo"},
    {"aten::searchsorted.Tensor_out", "ttbbnno"},
    {"aten::select_copy.int_out", "tiio"},
    {"aten::select_scatter.out", "ttiio"},
    {"aten::sigmoid.out", "to"},
    {"aten::slice_copy.Tensor_out", "tinnio"},
    {"aten::slice_scatter.out", "ttinnio"},
    {"aten::split_copy.Tensor_out", "tiiW"},
    {"aten::split_with_sizes_copy.out", "tliW"},
    {"aten::squeeze_copy.dim_out", "tio"},
    {"aten::squeeze_copy.dims_out", "tlo"},
    {"aten::stack.out", "Lio"},
    {"aten::t_copy.out", "to"},
    {"aten::transpose_copy.int_out", "tiio"},
    {"aten::tril.out", "tio"},
    {"aten::tril_indices.out", "iiio"},
    {"aten::triu.out", "tio"},
    {"aten::unbind_copy.int_out", "tiW"},
    {"aten::unfold_copy.out", "tiiio"},
    {"aten::unsqueeze_copy.out", "tio"},
    {"aten::view_copy.out", "tlo"},
    {"aten::where.self_out", "mtto"},
    {"dim_order_ops::_to_dim_order_copy.out", "tbno"},
    {"executorch_prim::et_copy_index.tensor", "oti"},
    {"executorch_prim::et_view.default", "tlo"},
};

constexpr ScalarType kDtypes[] = {
    ScalarType::kByte, ScalarType::kBool, ScalarType::kHalf,   ScalarType::kBFloat16, ScalarType::kFloat,
    ScalarType::kInt,  ScalarType::kLong, ScalarType::kDouble, ScalarType::kUInt64,   ScalarType::kQInt8};
constexpr const char *kReductions[] = {"sum", "prod", "mean", "amax", "amin", "add", "multiply", "median"};
constexpr uint8_t kGuard = 0xa5;
// A sanitizer has its own.
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kGuardBytes = 0;
#elif defined(__has_feature)
constexpr size_t kGuardBytes = __has_feature(address_sanitizer) ? 0 : 64;
#else
constexpr size_t kGuardBytes = 64;
#endif

class RandomCall {
public:
  explicit RandomCall(uint32_t seed) : random_(seed) {
    // Slots must not move.
    values_.reserve(256);
    dtype_ = kDtypes[pick(0, 9)];
    for (int64_t i = pick(0, 4); i > 0; --i)
      shape_.push_back(static_cast<int32_t>(pick(0, 4)));
  }

  Status run(const Signature &signature) {
    std::vector<size_t> args;
    for (const char *letter = signature.arguments; *letter != '\0'; ++letter)
      args.push_back(pick(0, 60) == 0 ? add(Value()) : make(*letter));
    // Results are named once more behind the arguments.
    const std::string arguments = signature.arguments;
    const size_t out = arguments.find_first_of("oW");
    if (std::strstr(signature.name, "prim") == nullptr)
      args.push_back(args[out]);
    if (pick(0, 40) == 0)
      args.pop_back();
    std::vector<Value *> slots;
    for (const size_t index : args)
      slots.push_back(&values_[index]);
    KernelContext context(values_, nullptr);
    return find_kernel(signature.name).function(context, slots);
  }

  bool guards_hold() const {
    for (const auto &[memory, size] : memory_)
      for (size_t i = 0; i < kGuardBytes; ++i)
        if (memory[size + i] != kGuard)
          return false;
    return true;
  }

private:
  int64_t pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }

  size_t add(Value value) {
    values_.push_back(std::move(value));
    return values_.size() - 1;
  }

  // Mostly small; at times far outside.
  int64_t number() {
    constexpr int64_t kFar[] = {INT64_MIN, INT64_MAX, INT32_MIN, INT32_MAX, -1'000'000, 1'000'000};
    return pick(0, 30) == 0 ? kFar[pick(0, 5)] : pick(-2, 4);
  }

  // The call's shape, another that is like it, or one that has nothing to do with it.
  std::vector<int32_t> sizes() {
    std::vector<int32_t> result = shape_;
    const int64_t kind = pick(0, 5);
    if (kind == 0 && !result.empty())
      result[static_cast<size_t>(pick(0, static_cast<int64_t>(result.size()) - 1))] =
          static_cast<int32_t>(pick(0, 4));
    if (kind == 1 && !result.empty())
      result.pop_back();
    if (kind == 2)
      result.push_back(static_cast<int32_t>(pick(0, 4)));
    if (kind == 3) {
      result.clear();
      for (int64_t i = pick(0, 5); i > 0; --i)
        result.push_back(static_cast<int32_t>(pick(0, 3)));
    }
    return result;
  }

  Tensor tensor(ScalarType dtype, const std::vector<int32_t> &sizes, ShapeDynamism dynamism) {
    std::vector<uint8_t> order;
    for (size_t i = 0; i < sizes.size(); ++i)
      order.push_back(static_cast<uint8_t>(i));
    if (pick(0, 3) == 0)
      std::shuffle(order.begin(), order.end(), random_);
    return *Tensor::make(dtype, Span<const int32_t>(sizes), Span<const uint8_t>(order), dynamism);
  }

  uint8_t *allocate(size_t size) {
    auto memory = std::make_unique<uint8_t[]>(size + kGuardBytes);
    std::memset(memory.get() + size, kGuard, kGuardBytes);
    uint8_t *data = memory.get();
    memory_.emplace_back(std::move(memory), size);
    return data;
  }

  Tensor input(ScalarType dtype) {
    Tensor result = tensor(dtype, sizes(), ShapeDynamism::kStatic);
    uint8_t *data = allocate(result.nbytes());
    for (size_t i = 0; i < result.nbytes(); ++i)
      data[i] = static_cast<uint8_t>(pick(0, 255));
    result.set_read_only_data(data, result.nbytes());
    return result;
  }

  Tensor indices() {
    Tensor result =
        tensor(pick(0, 3) == 0 ? ScalarType::kInt : ScalarType::kLong, sizes(), ShapeDynamism::kStatic);
    uint8_t *data = allocate(result.nbytes());
    for (size_t i = 0; i < result.numel(); ++i) {
      const int64_t index = pick(0, 30) == 0 ? number() : pick(0, 2);
      std::memcpy(data + i * element_size(result.dtype()), &index, element_size(result.dtype()));
    }
    result.set_read_only_data(data, result.nbytes());
    return result;
  }

  // An out of exact or of any size, whose memory now and then is that of another argument.
  Tensor output() {
    const ScalarType dtype = pick(0, 10) == 0 ? kDtypes[pick(0, 9)] : dtype_;
    Tensor result = tensor(dtype, sizes(), static_cast<ShapeDynamism>(pick(0, 2)));
    const size_t capacity = std::max<size_t>(result.nbytes(), static_cast<size_t>(pick(0, 1) * 512));
    const auto *other = std::get_if<Tensor>(values_.empty() ? nullptr : &values_.front());
    if (pick(0, 9) == 0 && other != nullptr && other->nbytes() >= result.nbytes())
      result.set_data(other->data(), other->nbytes());
    else if (pick(0, 30) == 0 && result.dynamism() == ShapeDynamism::kDynamicUnbound)
      static_cast<void>(result.make_growable());
    else if (pick(0, 40) != 0)
      result.set_data(allocate(capacity), capacity);
    return result;
  }

  size_t make(char letter) {
    switch (letter) {
    case 't':
      return add(input(pick(0, 20) == 0 ? kDtypes[pick(0, 9)] : dtype_));
    case 'x':
      return add(indices());
    case 'm':
      return add(input(ScalarType::kBool));
    case 'n':
      return pick(0, 1) == 0 ? add(Value()) : add(number());
    case 'i':
      return add(number());
    case 's':
      return pick(0, 1) == 0 ? add(number()) : add(static_cast<double>(number()) / 2);
    case 'b':
      return add(pick(0, 1) == 0);
    case 'r':
      return add(std::string(kReductions[pick(0, 7)]));
    case 'l':
      return list<IntList>([&] { return add(number()); });
    case 'L':
      return list<TensorList>([&] { return add(input(dtype_)); });
    case 'O':
      return list<OptionalTensorList>([&] {
        const int64_t kind = pick(0, 3);
        return kind == 0 ? add(Value()) : add(kind == 1 ? input(ScalarType::kBool) : indices());
      });
    case 'W':
      return list<TensorList>([&] { return add(output()); });
    default:
      return add(output());
    }
  }

  template <typename List, typename Item> size_t list(Item item) {
    List result;
    // As many as there are dimensions, by and large.
    const auto rank = static_cast<int64_t>(shape_.size());
    for (int64_t i = pick(0, 2) == 0 ? pick(0, 20) : rank; i > 0; --i)
      result.values.push_back(static_cast<int32_t>(item()));
    return add(std::move(result));
  }

  std::mt19937 random_;
  ScalarType dtype_ = ScalarType::kFloat;
  std::vector<int32_t> shape_;
  std::vector<Value> values_;
  std::vector<std::pair<std::unique_ptr<uint8_t[]>, size_t>> memory_;
};

class RandomCalls : public testing::TestWithParam<Signature> {};

TEST_P(RandomCalls, Return) {
  ASSERT_NE(find_kernel(GetParam().name).function, nullptr);
  size_t succeeded = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    RandomCall call(seed);
    succeeded += call.run(GetParam()).ok();
    ASSERT_TRUE(call.guards_hold()) << "seed " << seed;
  }
  // Else only the checks of arguments were tested.
  EXPECT_GT(succeeded, 0u);
}

std::string name_of(const testing::TestParamInfo<Signature> &info) {
  std::string name = info.param.name;
  for (char &c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0)
      c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(, RandomCalls, testing::ValuesIn(kSignatures), name_of);

} // namespace

} // namespace xnnir::test
