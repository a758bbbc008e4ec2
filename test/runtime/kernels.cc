// Host kernels against the operators' definitions, element by element, over random shapes, layouts and
// dtypes.
#include <algorithm>
#include <functional>
#include <numeric>
#include <random>

#include <gmock/gmock.h>
#include <pthreadpool.h>

#include "kernels/elements.h"
#include "program_builder.h"
#include "xnnir/kernel.h"

namespace xnnir::test {

namespace {

using Index = std::vector<int64_t>;
constexpr ScalarType kDtypes[] = {ScalarType::kByte, ScalarType::kHalf, ScalarType::kFloat,
                                  ScalarType::kLong};

// A tensor with its memory, whose elements are the running numbers 1, 2, 3, … as bytes.
struct Owned {
  Owned(const Index &sizes, ScalarType dtype, std::vector<uint8_t> order,
        ShapeDynamism dynamism = ShapeDynamism::kStatic) {
    std::vector<int32_t> narrow(sizes.begin(), sizes.end());
    if (order.empty())
      for (size_t i = 0; i < sizes.size(); ++i)
        order.push_back(static_cast<uint8_t>(i));
    Result<Tensor> made =
        Tensor::make(dtype, Span<const int32_t>(narrow), Span<const uint8_t>(order), dynamism);
    EXPECT_TRUE(made.ok()) << made.status().message();
    memory.resize(made->nbytes() + 1);
    tensor() = *made;
    tensor().set_data(memory.data(), made->nbytes());
  }
  Tensor &tensor() {
    if (!std::holds_alternative<Tensor>(value))
      value = Tensor();
    return std::get<Tensor>(value);
  }
  void count(uint32_t start = 0) {
    const size_t bytes = element_size(tensor().dtype());
    for (size_t i = 0; i < tensor().numel(); ++i) {
      const uint64_t number = start + i + 1;
      std::memcpy(memory.data() + i * bytes, &number, bytes);
    }
  }
  // The element at a logical index, as bits.
  uint64_t at(const Index &index) {
    const Tensor &it = tensor();
    size_t offset = 0;
    for (const uint8_t dim : it.dim_order())
      offset = offset * static_cast<size_t>(it.sizes()[dim]) + static_cast<size_t>(index[dim]);
    uint64_t bits = 0;
    const size_t bytes = element_size(it.dtype());
    std::memcpy(&bits, memory.data() + offset * bytes, bytes);
    return bits;
  }

  std::vector<uint8_t> memory;
  Value value;
};

// Arguments of a call: the table that lists refer to, and the order of the call.
class Call {
public:
  explicit Call(const char *name) : name_(name) { table_.reserve(64); }
  Call &add(Value value) {
    table_.push_back(std::move(value));
    order_.push_back(table_.size() - 1);
    return *this;
  }
  Call &ints(const Index &numbers) {
    IntList list;
    for (const int64_t number : numbers) {
      table_.push_back(number);
      list.values.push_back(static_cast<int32_t>(table_.size()) - 1);
    }
    return add(list);
  }
  Call &tensors(const std::vector<Owned *> &items) {
    TensorList list;
    for (Owned *item : items) {
      table_.push_back(item->value);
      list.values.push_back(static_cast<int32_t>(table_.size()) - 1);
    }
    return add(list);
  }
  // The output, and the result that is the same.
  Status run(Owned &out, pthreadpool *threads = nullptr) {
    std::vector<Value *> args;
    for (const size_t slot : order_)
      args.push_back(&table_[slot]);
    args.push_back(&out.value);
    args.push_back(&out.value);
    KernelFunction kernel = find_kernel(name_).function;
    if (kernel == nullptr)
      return make_status(StatusCode::kOperatorMissing, "%s", name_);
    KernelContext context(table_, threads);
    return kernel(context, args);
  }

private:
  const char *name_;
  std::vector<Value> table_;
  std::vector<size_t> order_;
};

void for_each_index(const Index &sizes, const std::function<void(const Index &)> &visit) {
  for (const int64_t size : sizes)
    if (size == 0)
      return;
  Index index(sizes.size(), 0);
  while (true) {
    visit(index);
    size_t i = sizes.size();
    while (i-- > 0) {
      if (++index[i] < sizes[i])
        break;
      index[i] = 0;
    }
    if (i == SIZE_MAX)
      return;
  }
}

// Every element of `out` is the element of `self` that `source` says.
void expect_elements(Owned &out, Owned &self, const std::function<Index(const Index &)> &source,
                     const char *what) {
  const Index sizes(out.tensor().sizes().begin(), out.tensor().sizes().end());
  bool same = true;
  for_each_index(sizes, [&](const Index &index) { same = same && out.at(index) == self.at(source(index)); });
  EXPECT_TRUE(same) << what;
}

class Kernels : public testing::Test {
protected:
  int64_t pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  Index shape(size_t rank, int64_t low = 0) {
    Index sizes;
    for (size_t i = 0; i < rank; ++i)
      sizes.push_back(pick(low, pick(0, 4) == 0 ? 33 : 5));
    return sizes;
  }
  std::vector<uint8_t> order(size_t rank) {
    std::vector<uint8_t> order(rank);
    std::iota(order.begin(), order.end(), uint8_t{0});
    std::shuffle(order.begin(), order.end(), random_);
    return order;
  }
  ScalarType dtype() { return kDtypes[pick(0, 3)]; }

  std::mt19937 random_{1};
};

constexpr int kExamples = 300;

void expect_ok(const Status &status) { ASSERT_TRUE(status.ok()) << status.message(); }

TEST_F(Kernels, PermuteCopy) {
  for (int i = 0; i < kExamples; ++i) {
    const size_t rank = static_cast<size_t>(pick(0, 5));
    const Index sizes = shape(rank);
    const std::vector<uint8_t> permutation = order(rank);
    Index dims(permutation.begin(), permutation.end());
    Index out_sizes;
    for (const int64_t dim : dims)
      out_sizes.push_back(sizes[static_cast<size_t>(dim)]);
    Owned self(sizes, dtype(), order(rank));
    Owned out(out_sizes, self.tensor().dtype(), order(rank));
    self.count();
    Index given = dims;
    for (int64_t &dim : given)
      dim -= pick(0, 1) * static_cast<int64_t>(rank);
    expect_ok(Call("aten::permute_copy.out").add(self.value).ints(given).run(out));
    expect_elements(
        out, self,
        [&](const Index &index) {
          Index source(rank);
          for (size_t d = 0; d < rank; ++d)
            source[static_cast<size_t>(dims[d])] = index[d];
          return source;
        },
        "permute_copy");
  }
}

TEST_F(Kernels, SliceAndSelectCopy) {
  for (int i = 0; i < kExamples; ++i) {
    const size_t rank = static_cast<size_t>(pick(1, 4));
    const Index sizes = shape(rank);
    const size_t dim = static_cast<size_t>(pick(0, static_cast<int64_t>(rank) - 1));
    const int64_t size = sizes[dim];
    Owned self(sizes, dtype(), order(rank));
    self.count();
    const int64_t start = pick(-size - 2, size + 2);
    const int64_t end = pick(-size - 2, size + 2);
    const int64_t step = pick(1, 4);
    // Python's rule for slices.
    const auto bound = [size](int64_t at) {
      return std::min(std::max<int64_t>(at < 0 ? at + size : at, 0), size);
    };
    int64_t count = 0;
    for (int64_t at = bound(start); at < bound(end); at += step)
      ++count;
    Index out_sizes = sizes;
    out_sizes[dim] = count;
    Owned out(out_sizes, self.tensor().dtype(), order(rank));
    expect_ok(Call("aten::slice_copy.Tensor_out")
                  .add(self.value)
                  .add(static_cast<int64_t>(dim))
                  .add(start)
                  .add(end)
                  .add(step)
                  .run(out));
    expect_elements(
        out, self,
        [&](Index index) {
          index[dim] = bound(start) + index[dim] * step;
          return index;
        },
        "slice_copy");

    if (size == 0)
      continue;
    const int64_t at = pick(-size, size - 1);
    out_sizes.erase(out_sizes.begin() + static_cast<ptrdiff_t>(dim));
    Owned selected(out_sizes, self.tensor().dtype(), order(rank - 1));
    expect_ok(Call("aten::select_copy.int_out")
                  .add(self.value)
                  .add(static_cast<int64_t>(dim))
                  .add(at)
                  .run(selected));
    expect_elements(
        selected, self,
        [&](Index index) {
          index.insert(index.begin() + static_cast<ptrdiff_t>(dim), at < 0 ? at + size : at);
          return index;
        },
        "select_copy");
  }
}

TEST_F(Kernels, Cat) {
  for (int i = 0; i < kExamples; ++i) {
    const size_t rank = static_cast<size_t>(pick(1, 4));
    const size_t dim = static_cast<size_t>(pick(0, static_cast<int64_t>(rank) - 1));
    Index sizes = shape(rank);
    const ScalarType type = dtype();
    std::vector<Owned> parts;
    std::vector<Owned *> pointers;
    const int64_t count = pick(1, 4);
    parts.reserve(static_cast<size_t>(count));
    Index out_sizes = sizes;
    out_sizes[dim] = 0;
    uint32_t start = 0;
    for (int64_t part = 0; part < count; ++part) {
      sizes[dim] = pick(0, 4);
      out_sizes[dim] += sizes[dim];
      parts.emplace_back(sizes, type, order(rank));
      parts.back().count(start);
      start += static_cast<uint32_t>(parts.back().tensor().numel());
      // The values point into the memory, which moves with its owner.
      parts.back().tensor().set_data(parts.back().memory.data(), parts.back().tensor().nbytes());
    }
    for (Owned &part : parts)
      pointers.push_back(&part);
    Owned out(out_sizes, type, order(rank));
    expect_ok(Call("aten::cat.out").tensors(pointers).add(static_cast<int64_t>(dim)).run(out));
    int64_t first = 0;
    for (Owned &part : parts) {
      const Index part_sizes(part.tensor().sizes().begin(), part.tensor().sizes().end());
      for_each_index(part_sizes, [&](const Index &index) {
        Index at = index;
        at[dim] += first;
        EXPECT_EQ(out.at(at), part.at(index));
      });
      first += part_sizes[dim];
    }
  }
}

TEST_F(Kernels, ConstantPad) {
  for (int i = 0; i < kExamples; ++i) {
    const size_t rank = static_cast<size_t>(pick(1, 4));
    const Index sizes = shape(rank, 1);
    const size_t padded = static_cast<size_t>(pick(0, static_cast<int64_t>(rank)));
    Index pad;
    Index before(rank, 0);
    Index out_sizes = sizes;
    for (size_t p = 0; p < padded; ++p) {
      const size_t dim = rank - 1 - p;
      pad.push_back(pick(-sizes[dim] / 2, 3));
      pad.push_back(pick(-sizes[dim] / 2, 3));
      before[dim] = pad[2 * p];
      out_sizes[dim] += pad[2 * p] + pad[2 * p + 1];
    }
    Owned self(sizes, ScalarType::kShort, order(rank));
    self.count();
    Owned out(out_sizes, ScalarType::kShort, order(rank));
    expect_ok(Call("aten::constant_pad_nd.out").add(self.value).ints(pad).add(int64_t{-7}).run(out));
    for_each_index(out_sizes, [&](Index index) {
      Index source = index;
      bool inside = true;
      for (size_t d = 0; d < rank; ++d) {
        source[d] -= before[d];
        inside = inside && source[d] >= 0 && source[d] < sizes[d];
      }
      EXPECT_EQ(static_cast<int16_t>(out.at(index)), inside ? static_cast<int16_t>(self.at(source)) : -7);
    });
  }
}

TEST_F(Kernels, ExpandSqueezeUnsqueeze) {
  for (int i = 0; i < kExamples; ++i) {
    const size_t rank = static_cast<size_t>(pick(0, 3));
    Index sizes = shape(rank);
    for (int64_t &size : sizes)
      size = pick(0, 1) == 0 ? 1 : size;
    Owned self(sizes, dtype(), order(rank));
    self.count();

    const size_t added = static_cast<size_t>(pick(0, 2));
    Index wanted = shape(added);
    for (size_t d = 0; d < rank; ++d)
      wanted.push_back(sizes[d] == 1 ? pick(0, 4) : sizes[d]);
    Owned expanded(wanted, self.tensor().dtype(), order(rank + added));
    expect_ok(Call("aten::expand_copy.out").add(self.value).ints(wanted).add(false).run(expanded));
    expect_elements(
        expanded, self,
        [&](const Index &index) {
          Index source(index.begin() + static_cast<ptrdiff_t>(added), index.end());
          for (size_t d = 0; d < rank; ++d)
            source[d] = sizes[d] == 1 ? 0 : source[d];
          return source;
        },
        "expand_copy");

    const size_t dim = static_cast<size_t>(pick(0, static_cast<int64_t>(rank)));
    Index unsqueezed_sizes = sizes;
    unsqueezed_sizes.insert(unsqueezed_sizes.begin() + static_cast<ptrdiff_t>(dim), 1);
    Owned unsqueezed(unsqueezed_sizes, self.tensor().dtype(), order(rank + 1));
    expect_ok(
        Call("aten::unsqueeze_copy.out").add(self.value).add(static_cast<int64_t>(dim)).run(unsqueezed));
    expect_elements(
        unsqueezed, self,
        [&](Index index) {
          index.erase(index.begin() + static_cast<ptrdiff_t>(dim));
          return index;
        },
        "unsqueeze_copy");

    Owned squeezed(sizes, self.tensor().dtype(), order(rank));
    expect_ok(Call("aten::squeeze_copy.dims_out")
                  .add(unsqueezed.value)
                  .ints({static_cast<int64_t>(dim)})
                  .run(squeezed));
    expect_elements(
        squeezed, self, [](const Index &index) { return index; }, "squeeze_copy");
  }
}

TEST_F(Kernels, CloneChangesLayoutOnThreads) {
  pthreadpool_t threads = pthreadpool_create(2);
  for (const Index &sizes : {Index{2, 40, 64, 33}, Index{3, 5, 7}, Index{1, 3, 224, 224}}) {
    Owned self(sizes, ScalarType::kFloat, order(sizes.size()));
    self.count();
    Owned out(sizes, ScalarType::kFloat, order(sizes.size()));
    Index dim_order(out.tensor().dim_order().begin(), out.tensor().dim_order().end());
    expect_ok(Call("dim_order_ops::_to_dim_order_copy.out")
                  .add(self.value)
                  .add(false)
                  .ints(dim_order)
                  .run(out, threads));
    expect_elements(
        out, self, [](const Index &index) { return index; }, "_to_dim_order_copy");
  }
  pthreadpool_destroy(threads);
}

TEST_F(Kernels, ViewCopyInfersOneSize) {
  Owned self({2, 3, 4}, ScalarType::kFloat, {});
  self.count();
  Owned out({6, 4}, ScalarType::kFloat, {}, ShapeDynamism::kDynamicBound);
  expect_ok(Call("aten::view_copy.out").add(self.value).ints({-1, 4}).run(out));
  EXPECT_EQ(out.memory, self.memory);
  const Status wrong = Call("aten::view_copy.out").add(self.value).ints({5, 4}).run(out);
  EXPECT_THAT(wrong.message(), testing::HasSubstr("size asks for 20 elements, but self has 24"));
}

TEST_F(Kernels, ConversionsBetweenDtypes) {
  Owned self({5}, ScalarType::kFloat, {});
  const float numbers[] = {-1.5f, 0.0f, 65504.0f, 1.0f / 3.0f, 1e-7f};
  std::memcpy(self.memory.data(), numbers, sizeof(numbers));
  const auto convert = [&](ScalarType to) {
    Owned out({5}, to, {});
    expect_ok(Call("dim_order_ops::_to_dim_order_copy.out")
                  .add(self.value)
                  .add(false)
                  .add(std::monostate())
                  .run(out));
    std::vector<uint64_t> bits;
    for (int64_t i = 0; i < 5; ++i)
      bits.push_back(out.at({i}));
    return bits;
  };
  // Bits worked out by hand from IEEE 754; 1e-7 is a subnormal half, 2 * 2^-24.
  EXPECT_EQ(convert(ScalarType::kHalf), (std::vector<uint64_t>{0xbe00, 0, 0x7bff, 0x3555, 2}));
  EXPECT_EQ(convert(ScalarType::kBFloat16), (std::vector<uint64_t>{0xbfc0, 0, 0x4780, 0x3eab, 0x33d7}));
  EXPECT_EQ(convert(ScalarType::kInt), (std::vector<uint64_t>{0xffffffff, 0, 65504, 0, 0}));
  EXPECT_EQ(convert(ScalarType::kBool), (std::vector<uint64_t>{1, 0, 1, 1, 1}));
}

// All halves, there and back.
TEST_F(Kernels, HalfRoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Half half = {static_cast<uint16_t>(bits)};
    const float value = from_half(half);
    if (value != value)
      EXPECT_EQ(to_half(value).bits & 0x7e00, 0x7e00);
    else
      EXPECT_EQ(to_half(value).bits, half.bits);
  }
}

TEST_F(Kernels, RefusesBadCalls) {
  Owned self({2, 3}, ScalarType::kFloat, {});
  Owned out({2, 3}, ScalarType::kFloat, {});
  Owned bytes({2, 3}, ScalarType::kByte, {});
  const auto message = [](const Status &status) {
    EXPECT_FALSE(status.ok());
    return status.message();
  };
  EXPECT_THAT(message(Call("aten::permute_copy.out").add(self.value).ints({0, 0}).run(out)),
              testing::HasSubstr("twice"));
  EXPECT_THAT(message(Call("aten::permute_copy.out").add(self.value).ints({0, 2}).run(out)),
              testing::HasSubstr("dims is 2, expected -2 to 1"));
  EXPECT_THAT(message(Call("aten::permute_copy.out").add(self.value).run(out)),
              testing::HasSubstr("3 arguments"));
  EXPECT_THAT(message(Call("aten::permute_copy.out").add(int64_t{1}).ints({0, 1}).run(out)),
              testing::HasSubstr("self is of kind int, expected tensor"));
  EXPECT_THAT(message(Call("aten::permute_copy.out").add(self.value).ints({0, 1}).run(bytes)),
              testing::HasSubstr("out has dtype uint8, expected float32"));
  EXPECT_THAT(message(Call("aten::permute_copy.out").add(self.value).ints({1, 0}).run(out)),
              testing::HasSubstr("cannot resize a tensor of static shape [2, 3] to [3, 2]"));
  EXPECT_THAT(
      message(Call("aten::select_copy.int_out").add(self.value).add(int64_t{0}).add(int64_t{2}).run(out)),
      testing::HasSubstr("index is 2, expected -2 to 1"));
  EXPECT_THAT(message(Call("aten::slice_copy.Tensor_out")
                          .add(self.value)
                          .add(int64_t{0})
                          .add(int64_t{0})
                          .add(int64_t{9})
                          .add(int64_t{0})
                          .run(out)),
              testing::HasSubstr("step is 0, expected 1 or more"));
  EXPECT_THAT(message(Call("aten::constant_pad_nd.out").add(self.value).ints({-2, -2}).add(0.0).run(out)),
              testing::HasSubstr("leaves no valid size"));
}

} // namespace

} // namespace xnnir::test
