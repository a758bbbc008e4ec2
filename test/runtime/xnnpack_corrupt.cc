// Damaged and hostile delegate blobs: each gets a refusal that names what is wrong, or runs; none crashes.
#ifndef _WIN32
#include <sys/resource.h>
#endif

#include "delegate_samples.h"

// Damaged sizes can ask for any amount of memory. Little is to be had here, so that refusing it is tested as
// well, and quickly.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define XNNIR_TEST_ADDRESS_SANITIZER
extern "C" const char *__asan_default_options() {
  return "max_allocation_size_mb=64:allocator_may_return_null=1";
}
#endif
#if __has_feature(thread_sanitizer)
// It needs address space for a shadow of all memory.
#define XNNIR_TEST_THREAD_SANITIZER
extern "C" const char *__tsan_default_options() { return "allocator_may_return_null=1"; }
#endif
#endif

namespace xnnir::test {
namespace {

#if !defined(XNNIR_TEST_ADDRESS_SANITIZER) && !defined(XNNIR_TEST_THREAD_SANITIZER) && !defined(_WIN32)
#define XNNIR_TEST_LIMITED
const bool limited = [] {
  const rlimit limit = {size_t{256} << 20, size_t{256} << 20};
  return setrlimit(RLIMIT_AS, &limit) == 0;
}();
#endif

// Loads the blob, and runs it if it loads. What matters is to come back.
void try_blob(BlobBuilder &builder, const std::vector<uint8_t> &bytes) {
  auto delegate = builder.load(bytes);
  if (!delegate.ok()) {
    EXPECT_FALSE(delegate.status().message().empty());
    return;
  }
  Argument x({1, 4, 4, 3});
  Argument extra({1, 2, 2, 4});
  Argument y({1, 3});
  if (const Status status = run(**delegate, {&x, &extra, &y}); !status.ok())
    EXPECT_FALSE(status.message().empty());
}

TEST(CorruptBlob, TheSamplesThemselvesRun) {
#ifdef XNNIR_TEST_LIMITED
  EXPECT_TRUE(limited);
#endif
  for (const Sample sample : kSamples)
    for (const Constants where :
         {Constants::kNamed, Constants::kBehindFlatbuffer, Constants::kInFlatbuffer}) {
      BlobBuilder blob(where);
      sample(blob);
      Argument x({1, 4, 4, 3});
      Argument extra({1, 2, 2, 4});
      Argument y({1, 3});
      EXPECT_TRUE(load_and_run(blob, {&x, &extra, &y}));
    }
}

TEST(CorruptBlob, TruncatedAnywhere) {
  for (const Constants where : {Constants::kNamed, Constants::kBehindFlatbuffer, Constants::kInFlatbuffer}) {
    BlobBuilder blob(where);
    make_sample(blob);
    const std::vector<uint8_t> whole = blob.finish();
    for (size_t size = 0; size < whole.size(); ++size) {
      // A heap block of exactly that size, so that a sanitizer sees any read past it.
      const std::vector<uint8_t> cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      const auto delegate = blob.load(cut);
      // Only padding at the very end may be missing.
      if (size + 16 < whole.size())
        EXPECT_FALSE(delegate.ok()) << "of " << whole.size() << " bytes " << size;
    }
  }
}

void change_any_byte(Sample sample, Constants where, bool with_header) {
  BlobBuilder blob(where);
  blob.with_header = with_header;
  sample(blob);
  const std::vector<uint8_t> whole = blob.finish();
  for (size_t i = 0; i < whole.size(); ++i)
    for (const int change : {0x01, 0x80, 0xFF}) {
      std::vector<uint8_t> changed = whole;
      changed[i] = static_cast<uint8_t>(changed[i] ^ change);
      try_blob(blob, changed);
    }
}

TEST(CorruptBlob, AnyByteChanged) {
  for (const Sample sample : kSamples) {
    change_any_byte(sample, Constants::kNamed, true);
    change_any_byte(sample, Constants::kNamed, false);
    change_any_byte(sample, Constants::kBehindFlatbuffer, true);
    change_any_byte(sample, Constants::kInFlatbuffer, true);
    change_any_byte(sample, Constants::kInFlatbuffer, false);
  }
}

TEST(CorruptBlob, AnyWordReplaced) {
  for (const Sample sample : kSamples) {
    BlobBuilder blob(Constants::kBehindFlatbuffer);
    sample(blob);
    const std::vector<uint8_t> whole = blob.finish();
    for (size_t i = 0; i + 4 <= whole.size(); i += 4)
      for (const uint32_t word : {0u, 1u, 7u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu, 0xFFFFFFFEu, 0x10000u}) {
        std::vector<uint8_t> changed = whole;
        std::memcpy(&changed[i], &word, sizeof word);
        try_blob(blob, changed);
      }
  }
}

TEST(CorruptBlob, UnalignedInMemory) {
  for (const Constants where : {Constants::kBehindFlatbuffer, Constants::kInFlatbuffer}) {
    BlobBuilder blob(where);
    make_sample(blob);
    const std::vector<uint8_t> whole = blob.finish();
    for (size_t shift = 1; shift < 16; ++shift) {
      std::vector<uint8_t> memory(whole.size() + shift);
      std::copy(whole.begin(), whole.end(), memory.begin() + static_cast<ptrdiff_t>(shift));
      BackendInitContext context;
      context.named_data = &blob.named_data;
      auto delegate = find_backend("XnnpackBackend")->init(context, {memory.data() + shift, whole.size()});
      ASSERT_TRUE(delegate.ok()) << delegate.status().message();
      Argument x({1, 4, 4, 3});
      Argument extra({1, 2, 2, 4});
      Argument y({1, 3});
      EXPECT_TRUE(run(**delegate, {&x, &extra, &y}).ok());
    }
  }
}

// Each case builds one graph that is wrong in one field, and gives what the message must say.
void expect_refusal(BlobBuilder &blob, const std::string &part) {
  const auto delegate = blob.load();
  ASSERT_FALSE(delegate.ok()) << "expected: " << part;
  EXPECT_NE(delegate.status().message().find(part), std::string::npos)
      << delegate.status().message() << "\nexpected: " << part;
}

TEST(HostileGraph, IdsThatNoValueHas) {
  BlobBuilder blob;
  const auto x = blob.input({4});
  blob.output({4});
  blob.unary(XNodeUnion::XNNAbs, x, 99);
  expect_refusal(blob, "xnodes[0].xnode_union.output_id is 99, expected the id of a value");
}

TEST(HostileGraph, FilterIdThatNoValueHas) {
  BlobBuilder blob;
  const auto x = blob.input({1, 4});
  const auto y = blob.output({1, 4});
  blob.fully_connected(x, 99, kNone, y);
  expect_refusal(blob, "xnodes[0].xnode_union.filter_id is 99, expected the id of a value");
}

TEST(HostileGraph, ValuesReadBeforeTheyAreWritten) {
  BlobBuilder blob;
  blob.input({4});
  const auto middle = blob.value({4});
  const auto y = blob.output({4});
  blob.unary(XNodeUnion::XNNAbs, middle, y);
  expect_refusal(blob, "input_id is 1, a value that nothing before this node writes");
}

TEST(HostileGraph, ValuesWrittenTwice) {
  BlobBuilder blob;
  const auto x = blob.input({4});
  const auto y = blob.output({4});
  blob.unary(XNodeUnion::XNNAbs, x, y);
  blob.unary(XNodeUnion::XNNExp, x, y);
  expect_refusal(blob, "xnodes[1].xnode_union.output_id is 1, which an earlier node writes already");
}

TEST(HostileGraph, InputsAndConstantsWritten) {
  BlobBuilder blob;
  const auto x = blob.input({4});
  blob.unary(XNodeUnion::XNNAbs, x, x);
  expect_refusal(blob, "output_id is 0, a graph input");
  BlobBuilder second;
  const auto in = second.input({4});
  const auto constant = second.constant({4}, std::vector<float>(4));
  second.unary(XNodeUnion::XNNAbs, in, constant);
  expect_refusal(second, "output_id is 1, a constant");
}

TEST(HostileGraph, OutputsThatNothingWrites) {
  BlobBuilder blob;
  blob.input({4});
  blob.output({4});
  expect_refusal(blob, "xvalues[1] is a graph output, but no node writes it");
}

TEST(HostileGraph, ExternalIdsOutOfRangeOrMissing) {
  BlobBuilder blob;
  const auto x = blob.input({4});
  const auto y = blob.output({4});
  blob.unary(XNodeUnion::XNNAbs, x, y);
  blob.num_externs = 1;
  expect_refusal(blob, "external_id is 1, expected less than num_externs, 1");
  BlobBuilder missing;
  const auto x2 = missing.input({4});
  const auto y2 = missing.output({4});
  missing.unary(XNodeUnion::XNNAbs, x2, y2);
  missing.num_externs = 3;
  expect_refusal(missing, "no value has external_id 2");
  BlobBuilder many;
  many.num_externs = 5000;
  expect_refusal(many, "num_externs is 5000, expected at most 4096");
}

TEST(HostileGraph, ConstantsThatAreTooShort) {
  for (const Constants where : {Constants::kNamed, Constants::kBehindFlatbuffer, Constants::kInFlatbuffer}) {
    BlobBuilder blob(where);
    const auto x = blob.input({8});
    const auto c = blob.constant({8}, std::vector<float>(7));
    const auto y = blob.output({8});
    blob.binary(XNodeUnion::XNNAdd, x, c, y);
    expect_refusal(blob,
                   "xvalues[1].xvalue_union.constant_buffer_idx is 1, a constant of 28 bytes, expected 32");
  }
}

TEST(HostileGraph, NamedDataThatIsNotThere) {
  BlobBuilder blob;
  const auto x = blob.input({8});
  const auto c = blob.constant({8}, std::vector<float>(8));
  const auto y = blob.output({8});
  blob.binary(XNodeUnion::XNNAdd, x, c, y);
  blob.named_data.entries.clear();
  expect_refusal(blob, "constant_data[1].named_key: there is no named data 'constant1'");
}

TEST(HostileGraph, SizesThatDoNotFitTogether) {
  BlobBuilder blob;
  const auto x = blob.input({1, 4, 4, 8});
  const auto w = blob.constant({2, 1, 1, 3}, std::vector<float>(6));
  const auto y = blob.output({1, 4, 4, 2});
  Conv conv;
  conv.group_input_channels = 3;
  conv.group_output_channels = 2;
  blob.conv(XNodeUnion::XNNConv2d, conv, x, w, kNone, y);
  expect_refusal(blob, "xnodes[0] (Conv2d): input is [1, 4, 4, 8], expected 3 channels");
  BlobBuilder filter;
  const auto x2 = filter.input({1, 4, 4, 3});
  const auto w2 = filter.constant({2, 1, 1, 3}, std::vector<float>(6));
  const auto y2 = filter.output({1, 4, 4, 2});
  conv.kernel_height = 3;
  filter.conv(XNodeUnion::XNNConv2d, conv, x2, w2, kNone, y2);
  expect_refusal(filter, "filter is [2, 1, 1, 3], expected [2, 3, 1, 3]");
}

TEST(HostileGraph, ZerosThatXnnpackDividesBy) {
  for (const int field : {0, 1, 2, 3}) {
    BlobBuilder blob;
    const auto x = blob.input({1, 4, 4, 3});
    const auto w = blob.constant({2, 1, 1, 3}, std::vector<float>(6));
    const auto y = blob.output({1, 4, 4, 2});
    Conv conv;
    conv.group_input_channels = 3;
    conv.group_output_channels = 2;
    (field == 0   ? conv.kernel_height
     : field == 1 ? conv.stride_width
     : field == 2 ? conv.dilation_height
                  : conv.groups) = 0;
    blob.conv(XNodeUnion::XNNConv2d, conv, x, w, kNone, y);
    static constexpr const char *kFields[] = {"kernel_height is 0", "subsampling_width is 0",
                                              "dilation_height is 0", "groups is 0"};
    expect_refusal(blob, kFields[field]);
  }
}

TEST(HostileGraph, BoundsThatAreNone) {
  for (const Bounds bounds : {Bounds{2.0f, 1.0f}, Bounds{NAN, 1.0f}, Bounds{0.0f, NAN}}) {
    BlobBuilder blob;
    const auto x = blob.input({4});
    const auto y = blob.output({4});
    blob.unary(XNodeUnion::XNNClamp, x, y, bounds);
    expect_refusal(blob, "xnodes[0].xnode_union.output_min_max is");
  }
}

TEST(HostileGraph, PermutationsThatAreNone) {
  for (const Dims &perm : {Dims{0, 0}, Dims{0, 2}, Dims{0}, Dims{0, 1, 2}, Dims{}}) {
    BlobBuilder blob;
    const auto x = blob.input({2, 3});
    const auto y = blob.output({2, 3});
    blob.transpose(perm, x, y);
    EXPECT_FALSE(blob.load().ok());
  }
}

TEST(HostileGraph, PaddingsAndSlicesThatOverflow) {
  BlobBuilder blob;
  const auto x = blob.input({4, 4, 4});
  const auto y = blob.output({4, 4, 4});
  blob.pad({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, 0.0f, x, y);
  expect_refusal(blob, sizeof(size_t) > 4 ? "does not fit in memory" : "padding of dimension 0 is too large");
  BlobBuilder slice;
  const auto x2 = slice.input({4});
  const auto y2 = slice.output({4});
  slice.slice({0xFFFFFFFF}, {0xFFFFFFFF}, x2, y2);
  expect_refusal(slice, "dimension 0 is sliced from 4294967295");
}

TEST(HostileGraph, QuantisationThatDoesNotFit) {
  BlobBuilder scales;
  const auto x = scales.input({1, 4});
  const auto w = scales.constant({2, 4}, std::vector<int8_t>(8),
                                 per_channel(XNNDatatype::xnn_datatype_qcint8, {0.5f}, 0));
  const auto y = scales.output({1, 2});
  scales.fully_connected(x, w, kNone, y);
  expect_refusal(scales, "quant_params.scale has 1 entries, expected 2");
  BlobBuilder negative;
  negative.input({4}, qint8(-1.0f, 0));
  expect_refusal(negative, "quant_params.scale is -1, expected a positive");
  BlobBuilder zero_point;
  zero_point.input({4}, qint8(1.0f, 200));
  expect_refusal(zero_point, "quant_params.zero_point is 200, expected -128 to 127");
  BlobBuilder dimension;
  dimension.constant({2, 4}, std::vector<int8_t>(8),
                     per_channel(XNNDatatype::xnn_datatype_qcint8, {0.5f, 0.5f}, 7));
  expect_refusal(dimension, "quant_params.channel_dim is 7");
}

TEST(HostileGraph, DatatypesThatXnnpackLacks) {
  BlobBuilder blob;
  const auto x = blob.input({1, 4}, qint8(1.0f, 0));
  const auto w = blob.constant({2, 4}, std::vector<float>(8));
  const auto y = blob.output({1, 2});
  blob.fully_connected(x, w, kNone, y);
  expect_refusal(blob, "XNNPACK has none for input qint8, filter fp32, bias none, output fp32");
}

TEST(HostileGraph, NodesThatNobodyImplements) {
  BlobBuilder blob;
  const auto x = blob.input({4});
  blob.output({4});
  blob.node(XNodeUnion::XNNScaledDotProductAttention,
            fb::CreateXNNScaledDotProductAttention(blob.flatbuffer(), x, x, x, x, x, 1, 0).Union());
  const auto delegate = blob.load();
  ASSERT_FALSE(delegate.ok());
  EXPECT_EQ(delegate.status().code(), StatusCode::kNotImplemented) << delegate.status().message();
}

TEST(HostileGraph, NodesThatTheBackendDoesNotHave) {
  BlobBuilder blob;
  const auto x = blob.input({4});
  const auto y = blob.output({4});
  blob.unary(XNodeUnion::XNNSign, x, y);
  blob.backend = "XnnpackBackend";
  expect_refusal(blob, "xnodes[0].xnode_union is of kind 50 (Sign), which this backend does not have");
}

void expect_reduce_refusal(const Dims &axes, const std::string &part, int op = 0, uint32_t flags = 0) {
  BlobBuilder blob;
  const auto x = blob.input({2, 3, 4});
  const auto y = blob.output({2, 4});
  blob.reduce(static_cast<fb::XNNReduceOperator>(op), axes, x, y, flags);
  expect_refusal(blob, part);
}

TEST(HostileGraph, ReducedDimensions) {
  expect_reduce_refusal({}, "axes is empty");
  expect_reduce_refusal({1, 0}, "axes has 0 at 1, expected dimensions in rising order");
  expect_reduce_refusal({1, 1}, "expected dimensions in rising order");
  expect_reduce_refusal({6}, "axes has 6 at 0");
  expect_reduce_refusal({3}, "expected more dimensions to reduce");
  expect_reduce_refusal({1}, "reduce_operator is 2, expected 0 (sum) or 1 (mean)", 2);
  expect_reduce_refusal({1}, "flags", 0, 1);
}

void expect_block_refusal(XNodeUnion kind, uint32_t block, const std::string &part) {
  BlobBuilder blob;
  const auto x = blob.input({1, 4, 6, 8});
  const auto y = blob.output({1, 4, 6, 8});
  blob.blocks(kind, block, x, y);
  expect_refusal(blob, part);
}

TEST(HostileGraph, Blocks) {
  for (const XNodeUnion kind : {XNodeUnion::XNNDepthToSpace2D, XNodeUnion::XNNSpaceToDepth2D}) {
    expect_block_refusal(kind, 0, "block_size is 0, expected 1 to 1048576");
    expect_block_refusal(kind, 1, "block_size is 1, expected 2 or more");
    expect_block_refusal(kind, 0xFFFFFFFF, "block_size is 4294967295");
  }
  expect_block_refusal(XNodeUnion::XNNDepthToSpace2D, 3, "expected channels that make blocks of 3 rows");
  expect_block_refusal(XNodeUnion::XNNDepthToSpace2D, 1 << 20, "expected channels that make blocks");
  expect_block_refusal(XNodeUnion::XNNSpaceToDepth2D, 3, "expected multiples of 3 rows and columns");
}

TEST(HostileBlob, NamesAWrongIdentifier) {
  BlobBuilder blob;
  blob.with_header = false;
  make_sample(blob);
  std::vector<uint8_t> bytes = blob.finish();
  std::memcpy(&bytes[4], "XY\x01!", 4);
  const auto delegate = blob.load(bytes);
  ASSERT_FALSE(delegate.ok());
  EXPECT_EQ(delegate.status().code(), StatusCode::kDelegateInvalidCompatibility);
  EXPECT_NE(delegate.status().message().find("identifier is 'XY\\x01!', expected 'XN00' or 'XN01'"),
            std::string::npos)
      << delegate.status().message();
}

} // namespace
} // namespace xnnir::test
