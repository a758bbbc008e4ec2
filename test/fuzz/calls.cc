// Kernels called with any arguments: every operator that is registered, with values of every kind.
#include <fuzzer/FuzzedDataProvider.h>

#include "fuzz.h"
#include "xnnir/kernel.h"

namespace xnnir::fuzz {
namespace {

constexpr ScalarType kDtypes[] = {ScalarType::kFloat, ScalarType::kLong,   ScalarType::kInt,
                                  ScalarType::kBool,  ScalarType::kByte,   ScalarType::kHalf,
                                  ScalarType::kChar,  ScalarType::kDouble, ScalarType::kBFloat16,
                                  ScalarType::kShort, ScalarType::kUInt64, ScalarType::kQInt8};
constexpr size_t kMaxArguments = 14;

class Call {
public:
  explicit Call(FuzzedDataProvider &provider) : provider_(provider) {
    // Slots must not move.
    values_.reserve(kMaxArguments * 8);
    dtype_ = provider.PickValueInArray(kDtypes);
    for (int i = provider.ConsumeIntegralInRange(0, 4); i > 0; --i)
      shape_.push_back(provider.ConsumeIntegralInRange(0, 5));
  }

  void run() {
    static const std::vector<std::string> names = registered_kernel_names();
    const std::string &name = names[provider_.ConsumeIntegralInRange<size_t>(0, names.size() - 1)];
    std::vector<size_t> arguments;
    for (size_t count = provider_.ConsumeIntegralInRange<size_t>(0, kMaxArguments); count > 0; --count) {
      // Results stand among the arguments and behind them.
      const bool again = !arguments.empty() && provider_.ConsumeIntegralInRange(0, 3) == 0;
      arguments.push_back(again ? arguments[provider_.ConsumeIntegralInRange<size_t>(0, arguments.size() - 1)]
                                : any());
    }
    std::vector<Value *> slots;
    for (const size_t index : arguments)
      slots.push_back(&values_[index]);
    const Kernel kernel = find_kernel(name);
    KernelContext context(values_, nullptr, kernel.user_data);
    expect_message(kernel.function(context, slots));
  }

private:
  size_t add(Value value) {
    values_.push_back(std::move(value));
    return values_.size() - 1;
  }

  int64_t number() {
    return provider_.ConsumeIntegralInRange(0, 15) == 0 ? provider_.ConsumeIntegral<int64_t>()
                                                        : provider_.ConsumeIntegralInRange(-3, 6);
  }

  Tensor tensor() {
    std::vector<int32_t> sizes = shape_;
    if (provider_.ConsumeIntegralInRange(0, 3) == 0) {
      sizes.clear();
      for (int i = provider_.ConsumeIntegralInRange(0, 5); i > 0; --i)
        sizes.push_back(provider_.ConsumeIntegralInRange(0, 4));
    }
    std::vector<uint8_t> order;
    for (size_t i = 0; i < sizes.size(); ++i)
      order.push_back(static_cast<uint8_t>(i));
    if (provider_.ConsumeIntegralInRange(0, 3) == 0)
      for (size_t i = sizes.size(); i > 1; --i)
        std::swap(order[i - 1], order[provider_.ConsumeIntegralInRange<size_t>(0, i - 1)]);
    const ScalarType dtype =
        provider_.ConsumeIntegralInRange(0, 3) == 0 ? provider_.PickValueInArray(kDtypes) : dtype_;
    Result<Tensor> made =
        Tensor::make(dtype, sizes, order, static_cast<ShapeDynamism>(provider_.ConsumeIntegralInRange(0, 2)));
    if (!made.ok())
      std::abort();
    if (made->dynamism() == ShapeDynamism::kDynamicUnbound && provider_.ConsumeBool()) {
      static_cast<void>(made->make_growable(small_limits().max_tensor_bytes));
      return *made;
    }
    if (provider_.ConsumeIntegralInRange(0, 31) == 0)
      return *made;
    const size_t capacity = made->nbytes() + provider_.ConsumeIntegralInRange<size_t>(0, 1) * 512;
    blocks_.emplace_back(capacity, dtype);
    const auto given = provider_.ConsumeBytes<uint8_t>(std::min<size_t>(capacity, 16));
    if (!given.empty())
      std::memcpy(blocks_.back().data(), given.data(), given.size());
    if (provider_.ConsumeIntegralInRange(0, 2) == 0)
      made->set_read_only_data(blocks_.back().data(), capacity);
    else
      made->set_data(blocks_.back().data(), capacity);
    return *made;
  }

  template <typename List, typename Item> size_t list(Item item) {
    List list;
    for (size_t i = provider_.ConsumeIntegralInRange<size_t>(0, 6); i > 0; --i)
      list.values.push_back(static_cast<int32_t>(item()));
    return add(std::move(list));
  }

  size_t any() {
    switch (provider_.ConsumeIntegralInRange(0, 13)) {
    case 0:
      return add(Value());
    case 1:
    case 2:
      return add(number());
    case 3:
      return add(provider_.ConsumeBool());
    case 4:
      return add(provider_.ConsumeBool() ? 0.5 * static_cast<double>(number())
                                         : provider_.ConsumeFloatingPoint<double>());
    case 5:
      return add(provider_.ConsumeRandomLengthString(12));
    case 6:
    case 7:
      return list<IntList>([&] { return add(number()); });
    case 8:
      return list<TensorList>([&] { return add(tensor()); });
    case 9:
      return list<OptionalTensorList>(
          [&] { return provider_.ConsumeBool() ? add(tensor()) : size_t{UINT32_MAX}; });
    case 10: {
      DoubleList numbers;
      for (int i = provider_.ConsumeIntegralInRange(0, 3); i > 0; --i)
        numbers.push_back(static_cast<double>(number()));
      return add(numbers);
    }
    default:
      return add(tensor());
    }
  }

  FuzzedDataProvider &provider_;
  ScalarType dtype_ = ScalarType::kFloat;
  std::vector<int32_t> shape_;
  std::vector<Value> values_;
  std::vector<Block> blocks_;
};

} // namespace
} // namespace xnnir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  FuzzedDataProvider provider(data, size);
  xnnir::fuzz::Call(provider).run();
  return 0;
}
