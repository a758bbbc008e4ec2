// A method's callers: any values as inputs, any memory for outputs, runs and resets in any order.
#include <fuzzer/FuzzedDataProvider.h>

#include "blob_builder.h"
#include "fuzz.h"
#include "program_builder.h"

namespace xnnir::fuzz {
namespace {

namespace fb = schema::xnnpack;

// Inputs and outputs of both bindings (shared with the caller, and copied), of fixed and varying shape, that
// a delegate and kernels read.
std::vector<uint8_t> make_program() {
  test::BlobBuilder blob(test::Constants::kBehindFlatbuffer);
  const auto in = blob.input({4, 2});
  const auto out = blob.output({4, 2});
  blob.unary(fb::XNodeUnion::XNNAbs, in, out);
  const std::vector<uint8_t> bytes = blob.finish();

  constexpr int8_t kBound = 1;
  test::ProgramBuilder builder;
  // The blob is all there is in segment 0.
  builder.constant(bytes.data(), bytes.size());
  builder.delegate("XnnpackBackend", 0);
  builder.arenas = {0, 1024};
  const int32_t x = builder.tensor({{4, 2}, {}, 6, kBound});
  const int32_t image = builder.tensor({{1, 3, 4, 4}, {0, 2, 3, 1}, 6, kBound, 0});
  const int32_t kept = builder.tensor({{3}, {}, 4, 0, 256});
  const int32_t number = builder.integer(3);
  const int32_t text = builder.none();
  const int32_t positive = builder.tensor({{4, 2}, {}, 6, kBound});
  const int32_t sum = builder.tensor({{4, 2}, {}, 6, kBound, 512});
  const int32_t contiguous = builder.tensor({{1, 3, 4, 4}, {}, 6, kBound, 640});
  const int32_t more = builder.tensor({{3}, {}, 4, 0, 960});
  const int32_t one = builder.integer(1);
  const int32_t no = builder.boolean(false);
  const int32_t none = builder.none();
  builder.delegate_call(0, {x, positive});
  builder.kernel_call("aten::add", "out", {x, positive, one, sum, sum});
  builder.kernel_call("dim_order_ops::_clone_dim_order", "out", {image, no, none, contiguous, contiguous});
  builder.kernel_call("aten::add", "out", {kept, kept, one, more, more});
  builder.kernel_call("aten::copy_", "", {kept, more, no, kept});
  builder.inputs = {x, image, kept, number, text};
  builder.outputs = {positive, sum, contiguous, kept, number};
  return builder.build();
}

class Caller {
public:
  Caller(FuzzedDataProvider &provider, Method &method) : provider_(provider), method_(method) {}

  void act() {
    switch (provider_.ConsumeIntegralInRange(0, 7)) {
    case 0:
      expect_message(method_.set_output(provider_.ConsumeIntegralInRange<size_t>(0, 5), nullptr, 0));
      return;
    case 1:
      return give_output();
    case 2:
      method_.reset();
      return;
    case 3:
    case 4:
      return run();
    default:
      expect_message(method_.set_input(provider_.ConsumeIntegralInRange<size_t>(0, 5), value()));
    }
  }

private:
  void give_output() {
    const size_t bytes = provider_.ConsumeIntegralInRange<size_t>(0, 256);
    blocks_.emplace_back(bytes, ScalarType::kByte);
    expect_message(
        method_.set_output(provider_.ConsumeIntegralInRange<size_t>(0, 5), blocks_.back().data(), bytes));
  }

  void run() {
    const Status status = method_.execute();
    expect_message(status);
    if (status.ok())
      read_outputs(method_);
  }

  Value value() {
    switch (provider_.ConsumeIntegralInRange(0, 9)) {
    case 0:
      return {};
    case 1:
      return provider_.ConsumeIntegralInRange<int64_t>(2, 4);
    case 2:
      return std::string("text");
    case 3:
      return IntList{{0, 99}};
    default:
      return tensor();
    }
  }

  // Of the shapes that the method takes, or like them.
  Value tensor() {
    static const std::vector<int32_t> kShapes[] = {{4, 2}, {1, 3, 4, 4}, {3}};
    std::vector<int32_t> sizes = kShapes[provider_.ConsumeIntegralInRange(0, 2)];
    for (int32_t &size : sizes)
      if (provider_.ConsumeIntegralInRange(0, 3) == 0)
        size = provider_.ConsumeIntegralInRange(0, 5);
    if (provider_.ConsumeIntegralInRange(0, 15) == 0)
      sizes.push_back(1);
    std::vector<uint8_t> order = {0, 1, 2, 3, 4};
    if (sizes.size() == 4 && provider_.ConsumeBool())
      order = {0, 2, 3, 1};
    order.resize(sizes.size());
    constexpr ScalarType kDtypes[] = {ScalarType::kFloat, ScalarType::kLong, ScalarType::kHalf};
    const ScalarType dtype =
        sizes.size() == 1 ? ScalarType::kLong
                          : kDtypes[provider_.ConsumeBool() ? 0 : provider_.ConsumeIntegralInRange(0, 2)];
    Result<Tensor> made = Tensor::make(dtype, sizes, order, ShapeDynamism::kStatic);
    if (!made.ok())
      std::abort();
    if (provider_.ConsumeIntegralInRange(0, 15) == 0)
      return *made;
    blocks_.emplace_back(made->nbytes(), dtype);
    made->set_data(blocks_.back().data(), made->nbytes());
    return *made;
  }

  FuzzedDataProvider &provider_;
  Method &method_;
  // Nothing is freed before the method: it may use what it was given last.
  std::vector<Block> blocks_;
};

} // namespace
} // namespace xnnir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace xnnir;
  static const std::vector<uint8_t> file = fuzz::make_program();
  static Result<Program> program = test::load(file);
  if (!program.ok())
    std::abort();
  Result<Method> method = program->load_method("forward");
  if (!method.ok()) {
    std::fprintf(stderr, "%s\n", method.status().message().c_str());
    std::abort();
  }
  FuzzedDataProvider provider(data, size);
  fuzz::Caller caller(provider, *method);
  for (int i = 0; i < 64 && provider.remaining_bytes() > 0; ++i)
    caller.act();
  return 0;
}
