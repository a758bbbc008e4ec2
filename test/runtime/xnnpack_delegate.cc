// How a delegate treats its arguments: shapes, layouts, dtypes, repeated calls, profiles.
#include <cstdlib>
#include <new>

#include "backends/xnnpack/define_values.h"
#include "delegate_runner.h"
#include "guarded_pages.h"

namespace {
size_t allocations = 0;
} // namespace

// ThreadSanitizer's is not to be replaced.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define XNNIR_TEST_THREAD_SANITIZER
#endif
#endif

#ifndef XNNIR_TEST_THREAD_SANITIZER
// Counts, for the test that running allocates nothing.
void *operator new(size_t size) {
  ++allocations;
  if (void *memory = std::malloc(size == 0 ? 1 : size))
    return memory;
  throw std::bad_alloc();
}
void *operator new(size_t size, const std::nothrow_t &) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }
#endif

namespace xnnir::test {
namespace {

constexpr auto kBounded = ShapeDynamism::kDynamicBound;

// y = conv1x1(x) + 1, over any height and width up to 8.
BlobBuilder &make_dynamic(BlobBuilder &blob, const std::vector<float> &w) {
  const auto x = blob.input({1, 8, 8, 3});
  const auto filter = blob.constant({2, 1, 1, 3}, w);
  const auto one = blob.constant({1}, std::vector<float>{1.0f});
  const auto middle = blob.value({1, 8, 8, 2});
  const auto y = blob.output({1, 8, 8, 2});
  Conv conv;
  conv.group_input_channels = 3;
  conv.group_output_channels = 2;
  blob.debug_handle = 0;
  blob.conv(XNodeUnion::XNNConv2d, conv, x, filter, kNone, middle);
  blob.debug_handle = 2;
  blob.binary(XNodeUnion::XNNAdd, middle, one, y);
  return blob;
}

std::vector<float> dynamic_reference(const std::vector<float> &x, const std::vector<float> &w) {
  std::vector<float> y;
  for (size_t i = 0; i < x.size(); i += 3)
    for (size_t o = 0; o < 2; ++o)
      y.push_back(1 + x[i] * w[o * 3] + x[i + 1] * w[o * 3 + 1] + x[i + 2] * w[o * 3 + 2]);
  return y;
}

TEST(Delegate, FollowsShapesUpAndDownAndPointers) {
  Random random(61);
  const auto w = random.reals(6);
  BlobBuilder blob;
  auto delegate = make_dynamic(blob, w).load();
  ASSERT_TRUE(delegate.ok()) << delegate.status().message();
  for (int round = 0; round < 40; ++round) {
    const Dims in = {1, random.pick(1, 8), random.pick(1, 8), 3};
    const auto x = random.reals(count(in));
    // Fresh tensors, so that memory moves; made at the bound and then resized, as a method does it.
    Argument input({1, 8, 8, 3}, x, ScalarType::kFloat, {}, kBounded);
    const int32_t sizes[] = {1, static_cast<int32_t>(in[1]), static_cast<int32_t>(in[2]), 3};
    ASSERT_TRUE(input.tensor().resize({sizes, 4}).ok());
    Argument output({1, 8, 8, 2}, ScalarType::kFloat, {}, kBounded);
    const Status status = run(**delegate, {&input, &output});
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(output.tensor().sizes()[1], sizes[1]);
    EXPECT_EQ(output.tensor().sizes()[2], sizes[2]);
    expect_close(output.read(), dynamic_reference(x, w));
  }
}

TEST(Delegate, RefusesShapesThatTheGraphCannotTakeAndGoesOn) {
  Random random(62);
  const auto w = random.reals(6);
  BlobBuilder blob;
  auto delegate = make_dynamic(blob, w).load();
  ASSERT_TRUE(delegate.ok());
  const auto x = random.reals(192);
  Argument good({1, 8, 8, 3}, x);
  Argument output({1, 8, 8, 2});
  Argument channels({1, 8, 8, 2}, x);
  Status status = run(**delegate, {&channels, &output});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("expected 3 channels"), std::string::npos) << status.message();
  Argument rank({8, 8, 3}, x);
  status = run(**delegate, {&rank, &output});
  EXPECT_NE(status.message().find("expected rank 4"), std::string::npos) << status.message();
  Argument empty({1, 0, 8, 3}, x);
  status = run(**delegate, {&empty, &output});
  EXPECT_EQ(status.code(), StatusCode::kNotSupported) << status.message();
  Argument too_small({1, 4, 4, 2});
  status = run(**delegate, {&good, &too_small});
  EXPECT_EQ(status.code(), StatusCode::kNotSupported) << status.message();
  status = run(**delegate, {&good, &output});
  ASSERT_TRUE(status.ok()) << status.message();
  expect_close(output.read(), dynamic_reference(x, w));
}

TEST(Delegate, RefusesWrongDtypesKindsAndCounts) {
  BlobBuilder blob;
  auto delegate = make_dynamic(blob, std::vector<float>(6)).load();
  ASSERT_TRUE(delegate.ok());
  Argument input({1, 8, 8, 3});
  Argument output({1, 8, 8, 2});
  Argument doubles({1, 8, 8, 3}, ScalarType::kDouble);
  Status status = run(**delegate, {&doubles, &output});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("argument 0 is float64[1, 8, 8, 3], expected dtype float32"),
            std::string::npos)
      << status.message();
  status = run(**delegate, {&input});
  EXPECT_NE(status.message().find("1 arguments, expected 2"), std::string::npos) << status.message();
  Argument constant({1, 8, 8, 2});
  constant.tensor().set_read_only_data(constant.tensor().data(), constant.tensor().capacity());
  status = run(**delegate, {&input, &constant});
  EXPECT_NE(status.message().find("argument 1 is an output, but its memory"), std::string::npos)
      << status.message();
  Value number = int64_t{3};
  std::vector<Value *> values = {input.value(), &number};
  status = (*delegate)->execute(values);
  EXPECT_NE(status.message().find("argument 1 is of kind int, expected tensor"), std::string::npos)
      << status.message();
}

// A channels-last tensor of sizes [N, C, H, W] is what XNNPACK calls [N, H, W, C]: no transposition anywhere.
TEST(Delegate, TakesSizesInMemoryOrder) {
  Random random(63);
  const auto w = random.reals(6);
  BlobBuilder blob;
  auto delegate = make_dynamic(blob, w).load();
  ASSERT_TRUE(delegate.ok());
  const std::vector<uint8_t> channels_last = {0, 2, 3, 1};
  const auto x = random.reals(1 * 3 * 5 * 7);
  Argument input({1, 3, 5, 7}, x, ScalarType::kFloat, channels_last);
  Argument output({1, 2, 8, 8}, ScalarType::kFloat, channels_last, kBounded);
  const Status status = run(**delegate, {&input, &output});
  ASSERT_TRUE(status.ok()) << status.message();
  const Span<const int32_t> sizes = output.tensor().sizes();
  EXPECT_EQ(std::vector<int32_t>(sizes.begin(), sizes.end()), (std::vector<int32_t>{1, 2, 5, 7}));
  expect_close(output.read(), dynamic_reference(x, w));
}

TEST(Delegate, ScalarsAreTensorsOfOneElement) {
  BlobBuilder blob;
  const auto x = blob.input({1});
  const auto y = blob.output({1});
  blob.unary(XNodeUnion::XNNNegate, x, y);
  Argument input({}, std::vector<float>{2.5f});
  Argument output(Dims{});
  ASSERT_TRUE(load_and_run(blob, {&input, &output}));
  EXPECT_EQ(output.read(), std::vector<float>{-2.5f});
}

// Inputs at the very end of readable memory: XNNPACK reads past them, so the delegate must not let it.
TEST(Delegate, DoesNotReadPastThePageOfAnInput) {
  Random random(64);
  const GuardedPages pages(3 * 3 * 3 * sizeof(float));
  ASSERT_TRUE(pages.ok());
  const auto w = random.reals(6);
  BlobBuilder blob;
  auto delegate = make_dynamic(blob, w).load();
  ASSERT_TRUE(delegate.ok());
  for (int round = 0; round < 4; ++round) {
    const auto x = random.reals(3 * 3 * 3);
    Argument input({1, 3, 3, 3});
    const size_t bytes = x.size() * sizeof(float);
    void *end = pages.last(bytes);
    std::memcpy(end, x.data(), bytes);
    input.tensor().set_data(end, bytes);
    Argument output({1, 3, 3, 2});
    const Status status = run(**delegate, {&input, &output});
    ASSERT_TRUE(status.ok()) << status.message();
    expect_close(output.read(), dynamic_reference(x, w));
  }
}

// A source of `size` bytes.
struct OneSource final : ByteSources {
  OneSource(const uint8_t *begin, size_t size) : bytes(begin, size) {}
  void release(Span<const uint8_t>) const override {}
  bool locate(Span<const uint8_t>, std::string &, uint64_t &) const override { return false; }
  bool contains(Span<const uint8_t> part) const override {
    return part.begin() >= bytes.begin() && part.end() <= bytes.end();
  }
  Span<const uint8_t> bytes;
};

// Nothing is known of what lies behind named data, but behind each part of a source more can be read.
TEST(Delegate, CopiesConstantsThatEndWithAPageUnlessTheyAreOfASource) {
  constexpr size_t kBytes = 6 * sizeof(float);
  const GuardedPages pages(kBytes);
  ASSERT_TRUE(pages.ok());
  BlobBuilder blob;
  const std::vector<uint8_t> &bytes = make_dynamic(blob, std::vector<float>(6)).finish();
  Result<DelegateGraph> graph = read_delegate(bytes, blob.named_data);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  DelegateValue &filter = graph->values[1];
  filter.data = pages.last(kBytes);
  filter.slack = 0;
  const OneSource its(pages.last(kBytes), kBytes);
  const OneSource another(pages.last(kBytes), kBytes - 1);
  for (const OneSource *source : {static_cast<const OneSource *>(nullptr), &another, &its}) {
    std::deque<PaddedBuffer> packing;
    std::deque<PaddedBuffer> running;
    std::vector<const void *> data;
    ASSERT_TRUE(place_constants(*graph, source, packing, running, data));
    EXPECT_EQ(data[1] == filter.data, source == &its);
    EXPECT_EQ(packing.size(), source == &its ? 0u : 1u);
  }
}

TEST(Delegate, ProfilesEachNodeWithItsLocation) {
  BlobBuilder blob;
  make_dynamic(blob, std::vector<float>(6));
  const std::string locations = "stem.conv (model.py:12)\nunused\nhead.add (model.py:20)";
  blob.named_data.entries["xnnir.locations"].assign(locations.begin(), locations.end());
  auto delegate = blob.load(/*profile=*/true);
  ASSERT_TRUE(delegate.ok());
  EXPECT_TRUE((*delegate)->profile_events().empty());
  Argument input({1, 8, 8, 3});
  Argument output({1, 8, 8, 2});
  ASSERT_TRUE(run(**delegate, {&input, &output}).ok());
  const std::vector<ProfileEvent> events = (*delegate)->profile_events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].location, "stem.conv (model.py:12)");
  EXPECT_NE(events[0].name.find("Convolution"), std::string::npos) << events[0].name;
  EXPECT_EQ(events[0].node, 0);
  EXPECT_EQ(events[1].location, "head.add (model.py:20)");
  EXPECT_EQ(events[1].node, 1);
  for (const ProfileEvent &event : events)
    EXPECT_LT(event.nanoseconds, 1000000000u);
}

TEST(Delegate, DoesNotProfileUnasked) {
  BlobBuilder blob;
  auto delegate = make_dynamic(blob, std::vector<float>(6)).load();
  ASSERT_TRUE(delegate.ok());
  Argument input({1, 8, 8, 3});
  Argument output({1, 8, 8, 2});
  ASSERT_TRUE(run(**delegate, {&input, &output}).ok());
  EXPECT_TRUE((*delegate)->profile_events().empty());
}

TEST(Delegate, NamesTheNodeThatXnnpackRefuses) {
  BlobBuilder blob;
  const auto x = blob.input({1, 4, 4, 3});
  const auto middle = blob.value({1, 4, 4, 3});
  const auto y = blob.output({1, 4, 4, 3});
  blob.unary(XNodeUnion::XNNNegate, x, middle);
  Pool pool;
  pool.height = pool.width = 1; // XNNPACK has no pools of one element.
  blob.debug_handle = 0;
  blob.pool(XNodeUnion::XNNMaxPooling2d, pool, middle, y);
  const std::string locations = "pool (model.py:3)";
  blob.named_data.entries["xnnir.locations"].assign(locations.begin(), locations.end());
  const auto delegate = blob.load();
  ASSERT_FALSE(delegate.ok());
  EXPECT_NE(delegate.status().message().find("xnodes[1] (MaxPooling2d, pool (model.py:3)): XNNPACK refused"),
            std::string::npos)
      << delegate.status().message();
  EXPECT_NE(delegate.status().message().find("invalid_parameter"), std::string::npos);
}

TEST(Delegate, AllocatesNothingOnceItHasSeenAShape) {
  BlobBuilder blob;
  auto delegate = make_dynamic(blob, std::vector<float>(6)).load();
  ASSERT_TRUE(delegate.ok());
  Argument input({1, 8, 8, 3});
  Argument other({1, 8, 8, 3});
  Argument output({1, 8, 8, 2});
  std::vector<Value *> values = {input.value(), output.value()};
  ASSERT_TRUE((*delegate)->execute(values).ok());
  const size_t before = allocations;
  bool fine = true;
  for (int round = 0; round < 10; ++round) {
    values[0] = round % 2 == 0 ? other.value() : input.value();
    fine = fine && (*delegate)->execute(values).ok();
  }
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(fine);
}

// Values and nodes that no output needs cost nothing and hurt nothing.
TEST(Delegate, LeavesDeadNodesOut) {
  BlobBuilder blob;
  const auto x = blob.input({4});
  const auto dead = blob.value({4});
  const auto deader = blob.value({4});
  const auto y = blob.output({4});
  blob.unary(XNodeUnion::XNNAbs, x, dead);
  blob.unary(XNodeUnion::XNNExp, dead, deader);
  blob.unary(XNodeUnion::XNNNegate, x, y);
  auto delegate = blob.load(/*profile=*/true);
  ASSERT_TRUE(delegate.ok()) << delegate.status().message();
  Argument input({4}, std::vector<float>{1, 2, 3, 4});
  Argument output({4});
  ASSERT_TRUE(run(**delegate, {&input, &output}).ok());
  EXPECT_EQ(output.read(), (std::vector<float>{-1, -2, -3, -4}));
  EXPECT_EQ((*delegate)->profile_events().size(), 1u);
}

// An output that the graph itself reads on, and is given out as well.
TEST(Delegate, OutputsMayBeReadByLaterNodes) {
  BlobBuilder blob;
  const auto x = blob.input({6});
  const auto first = blob.output({6});
  const auto second = blob.output({6});
  blob.unary(XNodeUnion::XNNNegate, x, first);
  blob.unary(XNodeUnion::XNNClamp, first, second, {-2.0f, 2.0f});
  Argument input({6}, std::vector<float>{-3, -2, -1, 1, 2, 3});
  Argument negated({6});
  Argument clamped({6});
  ASSERT_TRUE(load_and_run(blob, {&input, &negated, &clamped}));
  EXPECT_EQ(negated.read(), (std::vector<float>{3, 2, 1, -1, -2, -3}));
  EXPECT_EQ(clamped.read(), (std::vector<float>{2, 2, 1, -1, -2, -2}));
}

TEST(Profile, CountsTheBytesOfNodes) {
  BlobBuilder blob;
  const uint32_t x = blob.input({2, 8});
  const uint32_t w = blob.constant({4, 8}, std::vector<float>(32, 0.5f));
  const uint32_t y = blob.output({2, 4});
  blob.fully_connected(x, w, kNone, y);
  Result<std::unique_ptr<Delegate>> delegate = blob.load(/*profile=*/true);
  ASSERT_TRUE(delegate.ok()) << delegate.status().message();
  Argument in({2, 8});
  Argument out({2, 4});
  ASSERT_TRUE(run(**delegate, {&in, &out}).ok());
  const std::vector<ProfileEvent> events = (*delegate)->profile_events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].bytes, sizeof(float) * (2 * 8 + 4 * 8 + 2 * 4));
}

} // namespace
} // namespace xnnir::test
