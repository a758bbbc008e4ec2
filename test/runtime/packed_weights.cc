// Packed weights: what may be shared and what may not, in memory and in files.
#include <cstdio>
#include <fstream>

#include <gmock/gmock.h>

#include "backends/xnnpack/fingerprint.h"
#include "backends/xnnpack/packed_pool.h"
#include "backends/xnnpack/program_state.h"
#include "backends/xnnpack/xnnpack_delegate.h"
#include "core/platform.h"
#include "delegate_runner.h"
#include "format/packed_cache.h"

namespace xnnir::test {
namespace {

using testing::HasSubstr;

std::string temporary_path(const char *name) {
  return testing::TempDir() + "/packed_" + name + "_" + std::to_string(process_id());
}

std::vector<uint8_t> read_all(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_all(const std::string &path, const std::vector<uint8_t> &bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

std::shared_ptr<XnnpackProgramState> with_file(const std::string &path) {
  BackendOptions options;
  options.packed_cache_path = path;
  return std::make_shared<XnnpackProgramState>(options);
}

// y = x w^T, w of [outputs, inputs].
std::vector<float> product(const std::vector<float> &x, const std::vector<float> &w, size_t inputs) {
  std::vector<float> y;
  for (size_t o = 0; o < w.size() / inputs; ++o) {
    float sum = 0;
    for (size_t i = 0; i < inputs; ++i)
      sum += x[i] * w[o * inputs + i];
    y.push_back(sum);
  }
  return y;
}

void expect_near(const std::vector<float> &got, const std::vector<float> &expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[i], 1e-4) << i;
}

// XNNPACK's own key has the sizes of a matrix in any order: 8x16 and 16x8 are one to it.
TEST(PackedWeights, TheSameBytesInTwoShapes) {
  Random random(1);
  const auto w = random.reals(128);
  const auto a = random.reals(8);
  const auto b = random.reals(16);
  for (const bool file : {false, true}) {
    const std::string path = temporary_path("shapes");
    for (int round = 0; round < 2; ++round) {
      BlobBuilder blob;
      blob.state = with_file(file ? path : "");
      const auto xa = blob.input({1, 8});
      const auto xb = blob.input({1, 16});
      const auto wide = blob.constant({16, 8}, w);
      const auto tall = blob.same_constant({8, 16});
      const auto ya = blob.output({1, 16});
      const auto yb = blob.output({1, 8});
      blob.fully_connected(xa, wide, kNone, ya);
      blob.fully_connected(xb, tall, kNone, yb);
      Argument in_a({1, 8}, a), in_b({1, 16}, b), out_a({1, 16}), out_b({1, 8});
      ASSERT_TRUE(load_and_run(blob, {&in_a, &in_b, &out_a, &out_b}));
      expect_near(out_a.read(), product(a, w, 8));
      expect_near(out_b.read(), product(b, w, 16));
    }
    std::remove(path.c_str());
  }
}

// One delegate is packed after the other, with all that is shared: the same bytes, other zero points of the
// input, which are folded into the packed bias.
TEST(PackedWeights, TheSameBytesWithOtherQuantization) {
  Random random(2);
  const auto w = random.bytes(8 * 12, -100, 100);
  const auto x = random.bytes(12);
  const std::string path = temporary_path("quantization");
  std::vector<std::unique_ptr<Delegate>> alive;
  std::vector<std::unique_ptr<BlobBuilder>> blobs;
  const auto state = with_file(path);
  for (const int zero_point : {0, 5, -7})
    for (const float scale : {0.01f, 0.02f}) {
      blobs.push_back(std::make_unique<BlobBuilder>());
      BlobBuilder &blob = *blobs.back();
      blob.state = state;
      const auto input = blob.input({1, 12}, qint8(0.05f, zero_point));
      const auto filter = blob.constant({8, 12}, w, qint8(scale, 0));
      const auto output = blob.output({1, 8}, qint8(0.5f, 3));
      blob.fully_connected(input, filter, kNone, output);
      auto delegate = blob.load();
      ASSERT_TRUE(delegate.ok()) << delegate.status().message();
      Argument in({1, 12}, x, ScalarType::kChar);
      Argument out({1, 8}, ScalarType::kChar);
      const Status status = run(**delegate, {&in, &out});
      ASSERT_TRUE(status.ok()) << status.message();
      const auto got = out.read<int8_t>();
      for (size_t o = 0; o < 8; ++o) {
        double sum = 0;
        for (size_t i = 0; i < 12; ++i)
          sum += (x[i] - zero_point) * 0.05 * w[o * 12 + i] * scale;
        const double expected = std::min(127.0, std::max(-128.0, std::nearbyint(sum / 0.5) + 3));
        EXPECT_NEAR(got[o], expected, 1) << zero_point << " " << scale;
      }
      alive.push_back(std::move(*delegate));
    }
  state->finish_loading();
  EXPECT_EQ(state->packed_cache_info().packed, 6u);
  std::remove(path.c_str());
}

TEST(PackedWeights, DelegatesOfAProgramShareThem) {
  Random random(3);
  BlobBuilder blob;
  const auto x = blob.input({1, 64});
  const auto w = blob.constant({64, 64}, random.reals(64 * 64));
  const auto y = blob.output({1, 64});
  blob.fully_connected(x, w, kNone, y);
  const std::vector<uint8_t> bytes = blob.finish();
  for (const bool enabled : {true, false}) {
    BackendOptions options;
    options.weight_cache_enabled = enabled;
    const auto state = std::make_shared<XnnpackProgramState>(options);
    blob.state = state;
    auto first = blob.load(bytes);
    auto second = blob.load(bytes);
    ASSERT_TRUE(first.ok() && second.ok());
    ASSERT_EQ(state->pool() != nullptr, enabled);
    EXPECT_EQ(static_cast<XnnpackDelegate &>(**first).weights().packed, 1u);
    EXPECT_EQ(static_cast<XnnpackDelegate &>(**second).weights().packed, enabled ? 0u : 1u);
    // The second goes on when the first is gone.
    *first = nullptr;
    Argument in({1, 64}, random.reals(64)), out({1, 64});
    EXPECT_TRUE(run(**second, {&in, &out}).ok());
  }
}

PackedCache example_cache() {
  PackedCache cache;
  cache.fingerprint = {1, 2};
  cache.hash_seed = 77;
  cache.entries.push_back({{3, 4}, 5, 6, 128, 64, 8});
  cache.entries.push_back({{9, 10}, 11, 0, 192, 0, 12});
  cache.places.push_back({{13, 14}, {15, 16}, 17});
  return cache;
}

std::vector<uint8_t> file_of(const PackedCache &cache) {
  constexpr uint64_t kIndexOffset = 192;
  const std::vector<uint8_t> index = write_packed_index(cache);
  std::vector<uint8_t> file = write_packed_header(cache, kIndexOffset, index);
  file.resize(kIndexOffset);
  file.insert(file.end(), index.begin(), index.end());
  return file;
}

TEST(PackedCacheFile, ReadsWhatItWrote) {
  const PackedCache written = example_cache();
  const std::vector<uint8_t> file = file_of(written);
  Result<PackedCache> read = read_packed_cache(file, written.fingerprint);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->hash_seed, written.hash_seed);
  ASSERT_EQ(read->entries.size(), 2u);
  EXPECT_EQ(read->entries[0].identity, written.entries[0].identity);
  EXPECT_EQ(read->entries[0].kernel_seed, 5u);
  EXPECT_EQ(read->entries[0].unused_rewrites, 6u);
  EXPECT_EQ(read->entries[0].offset, 128u);
  EXPECT_EQ(read->entries[0].size, 64u);
  EXPECT_EQ(read->entries[0].checksum, 8u);
  ASSERT_EQ(read->places.size(), 1u);
  EXPECT_EQ(read->places[0].place, written.places[0].place);
  EXPECT_EQ(read->places[0].content, written.places[0].content);
  EXPECT_EQ(read->places[0].unused_rewrites, 17u);
}

TEST(PackedCacheFile, BelongsToOneLibraryAndCpu) {
  const Result<PackedCache> read = read_packed_cache(file_of(example_cache()), {1, 3});
  EXPECT_EQ(read.status().code(), StatusCode::kNotSupported);
  EXPECT_THAT(read.status().message(), HasSubstr("another CPU"));
}

// Checksums are right here: somebody could make such a file.
TEST(PackedCacheFile, EntriesHaveToLieInsideTheFile) {
  for (const auto &[offset, size] : std::vector<std::pair<uint64_t, uint64_t>>{
           {100, 8}, {192, 1}, {128, 65}, {256, 0}, {UINT64_MAX - 63, 128}, {64, UINT64_MAX}}) {
    PackedCache cache = example_cache();
    cache.entries[0].offset = offset;
    cache.entries[0].size = size;
    EXPECT_FALSE(read_packed_cache(file_of(cache), cache.fingerprint).ok()) << offset << " " << size;
  }
}

TEST(PackedCacheFile, EveryByteOfHeaderAndIndexCounts) {
  const PackedCache cache = example_cache();
  const std::vector<uint8_t> file = file_of(cache);
  for (size_t i = 0; i < file.size(); ++i) {
    if (i >= kPackedCacheHeaderSize && i < 192)
      continue;
    std::vector<uint8_t> damaged = file;
    damaged[i] ^= 4;
    EXPECT_FALSE(read_packed_cache(damaged, cache.fingerprint).ok()) << i;
  }
  for (size_t length = 0; length < file.size(); ++length)
    EXPECT_FALSE(read_packed_cache({file.data(), length}, cache.fingerprint).ok()) << length;
}

// A file of another CPU, and one whose weights have another size than the kernels read: both right by their
// checksums.
TEST(PackedCacheFile, IsMadeAnewWhenItDoesNotFit) {
  ASSERT_TRUE(initialize_xnnpack().ok());
  Random random(4);
  const auto w = random.reals(48 * 32);
  const auto x = random.reals(32);
  const std::string path = temporary_path("fit");
  const auto load = [&] {
    BlobBuilder blob;
    const auto state = with_file(path);
    blob.state = state;
    const auto input = blob.input({1, 32});
    const auto filter = blob.constant({48, 32}, w);
    const auto output = blob.output({1, 48});
    blob.fully_connected(input, filter, kNone, output);
    Argument in({1, 32}, x), out({1, 48});
    EXPECT_TRUE(load_and_run(blob, {&in, &out}));
    expect_near(out.read(), product(x, w, 32));
    state->finish_loading();
    return state->packed_cache_info();
  };
  EXPECT_TRUE(load().written);
  EXPECT_EQ(load().read, 1u);

  const std::vector<uint8_t> good = read_all(path);
  Result<PackedCache> cache = read_packed_cache(good, packing_fingerprint());
  ASSERT_TRUE(cache.ok()) << cache.status().message();
  const size_t index_offset = good.size() - write_packed_index(*cache).size();
  const auto forge = [&](const PackedCache &forged) {
    const std::vector<uint8_t> index = write_packed_index(forged);
    std::vector<uint8_t> file = write_packed_header(forged, index_offset, index);
    file.insert(file.end(), good.begin() + static_cast<std::ptrdiff_t>(file.size()),
                good.begin() + static_cast<std::ptrdiff_t>(index_offset));
    file.insert(file.end(), index.begin(), index.end());
    std::remove(path.c_str());
    write_all(path, file);
  };

  PackedCache other = *cache;
  other.fingerprint.low ^= 1;
  forge(other);
  PackedCacheInfo info = load();
  EXPECT_EQ(info.packed, 1u);
  EXPECT_TRUE(info.written);
  EXPECT_THAT(info.message, HasSubstr("another CPU"));
  EXPECT_EQ(load().read, 1u);

  other = *cache;
  other.entries[0].size -= 64;
  other.entries[0].checksum = checksum(
      {good.data() + other.entries[0].offset, static_cast<size_t>(other.entries[0].size)}, other.hash_seed);
  forge(other);
  EXPECT_EQ(load().packed, 1u);
  EXPECT_EQ(load().read, 1u);
  std::remove(path.c_str());
}

// Of programs that are alive, with the weights in memory that they wrote or read.
TEST(PackedCacheFile, IsReplacedWhileItIsInUse) {
  Random random(5);
  const std::string path = temporary_path("in_use");
  struct Loaded {
    std::shared_ptr<XnnpackProgramState> state;
    std::unique_ptr<Delegate> delegate;
  };
  const auto x = random.reals(32);
  const std::vector<float> weights[] = {random.reals(48 * 32), random.reals(48 * 32), random.reals(48 * 32)};
  std::vector<std::unique_ptr<BlobBuilder>> blobs;
  const auto load = [&](const std::vector<float> &w) {
    blobs.push_back(std::make_unique<BlobBuilder>());
    BlobBuilder &blob = *blobs.back();
    Loaded loaded{with_file(path), nullptr};
    blob.state = loaded.state;
    const auto input = blob.input({1, 32});
    const auto filter = blob.constant({48, 32}, w);
    const auto output = blob.output({1, 48});
    blob.fully_connected(input, filter, kNone, output);
    auto delegate = blob.load();
    EXPECT_TRUE(delegate.ok()) << delegate.status().message();
    loaded.delegate = std::move(*delegate);
    loaded.state->finish_loading();
    EXPECT_EQ(loaded.state->packed_cache_info().message, "");
    return loaded;
  };
  const auto expect_right = [&](const Loaded &loaded, const std::vector<float> &w) {
    Argument in({1, 32}, x), out({1, 48});
    const Status status = run(*loaded.delegate, {&in, &out});
    ASSERT_TRUE(status.ok()) << status.message();
    expect_near(out.read(), product(x, w, 32));
  };
  {
    const Loaded writer = load(weights[0]);
    EXPECT_TRUE(writer.state->packed_cache_info().written);
    const Loaded second = load(weights[1]);
    EXPECT_TRUE(second.state->packed_cache_info().written);
    expect_right(writer, weights[0]);
    expect_right(second, weights[1]);
  }
  {
    const Loaded reader = load(weights[0]);
    EXPECT_EQ(reader.state->packed_cache_info().read, 1u);
    const Loaded third = load(weights[2]);
    EXPECT_TRUE(third.state->packed_cache_info().written);
    expect_right(reader, weights[0]);
    expect_right(third, weights[2]);
  }
  for (const std::vector<float> &w : weights)
    EXPECT_EQ(load(w).state->packed_cache_info().read, 1u);
  std::remove(path.c_str());
}

TEST(NewFile, AppearsAtOnceOrNotAtAll) {
  const std::string path = temporary_path("new");
  {
    auto file = create_file(path);
    ASSERT_TRUE(file.ok()) << file.status().message();
    auto pages = (*file)->append(file_unit());
    ASSERT_TRUE(pages.ok());
    (*pages)->bytes()[0] = 42;
    EXPECT_TRUE(read_all(path).empty());
  }
  EXPECT_FALSE(std::ifstream(path).is_open());
  auto file = create_file(path);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->write(0, std::vector<uint8_t>{1, 2, 3}).ok());
  ASSERT_TRUE((*file)->publish().ok());
  EXPECT_EQ(read_all(path), (std::vector<uint8_t>{1, 2, 3}));
  std::remove(path.c_str());
  auto folder = create_file(testing::TempDir());
  EXPECT_THAT(folder.status().message(), HasSubstr("a folder"));
}

} // namespace
} // namespace xnnir::test
