// Memory of the application's own. One test: the allocator is the process's, and stays.
#include <atomic>
#include <cstdlib>

#include <gmock/gmock.h>

#include "core/memory.h"
#include "delegate_runner.h"
#include "xnnir/allocator.h"

namespace xnnir::test {

namespace {

struct Counts {
  std::atomic<size_t> live{0};
  std::atomic<size_t> bytes{0};
  std::atomic<bool> misaligned{false};
  std::atomic<bool> empty{false};
};

void *allocate(void *context, size_t size, size_t alignment) {
  auto *counts = static_cast<Counts *>(context);
  if (size > SIZE_MAX / 4)
    return nullptr;
  ++counts->live;
  counts->bytes += size;
  counts->empty = counts->empty || size == 0;
#ifdef _WIN32
  void *memory = _aligned_malloc(size, alignment);
#else
  void *memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
#endif
  // Nobody may count on zeros.
  std::memset(memory, 0xA5, size);
  counts->misaligned = counts->misaligned || reinterpret_cast<uintptr_t>(memory) % alignment != 0;
  return memory;
}

void deallocate(void *context, void *memory) {
  --static_cast<Counts *>(context)->live;
#ifdef _WIN32
  _aligned_free(memory);
#else
  std::free(memory);
#endif
}

TEST(Allocator, GivesAllLargeMemory) {
  EXPECT_EQ(set_allocator({}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(set_allocator({allocate, nullptr, nullptr}).code(), StatusCode::kInvalidArgument);
  Counts counts;
  ASSERT_TRUE(set_allocator({allocate, deallocate, &counts}).ok());

  // What XNNPACK keeps for itself from its start on.
  ASSERT_TRUE(find_backend("XnnpackBackend")->is_available());
  const size_t at_start = counts.live;
  {
    BlobBuilder blob;
    const uint32_t x = blob.input({1, 256});
    const uint32_t w = blob.constant({256, 256}, std::vector<float>(256 * 256, 0.01f));
    const uint32_t y = blob.output({1, 256});
    blob.fully_connected(x, w, kNone, y);
    const size_t before = counts.bytes;
    Result<std::unique_ptr<Delegate>> delegate = blob.load();
    ASSERT_TRUE(delegate.ok()) << delegate.status().message();
    // The packed weights at least.
    EXPECT_GE(counts.bytes - before, 256u * 256 * sizeof(float));
    Argument in({1, 256}, std::vector<float>(256, 1.0f));
    Argument out({1, 256});
    ASSERT_TRUE(run(**delegate, {&in, &out}).ok());
    EXPECT_NEAR(out.read()[0], 2.56f, 1e-4);
  }
  EXPECT_EQ(counts.live, at_start);

  {
    // Arenas and buffers begin with zeros, whatever the allocator gives, and their owner may live longer.
    AlignedBuffer buffer = AlignedBuffer::allocate(4096);
    EXPECT_EQ(counts.live, at_start + 1);
    EXPECT_THAT(std::vector<uint8_t>(buffer.data(), buffer.data() + 4096), testing::Each(0));
    const std::shared_ptr<void> owner = buffer.share();
    EXPECT_EQ(counts.live, at_start + 1);
  }
  EXPECT_EQ(AlignedBuffer::allocate(SIZE_MAX / 2).data(), nullptr);
  EXPECT_EQ(counts.live, at_start);
  EXPECT_FALSE(counts.misaligned);
  EXPECT_FALSE(counts.empty);
  EXPECT_EQ(set_allocator({allocate, deallocate, &counts}).code(), StatusCode::kInvalidState);
}

} // namespace

} // namespace xnnir::test
