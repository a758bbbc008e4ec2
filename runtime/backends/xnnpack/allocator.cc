#include "backends/xnnpack/allocator.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "core/memory.h"

namespace xnnir {
namespace {

// Of the bookkeeping of graphs with a few thousand nodes; operators' own data is larger where it matters.
constexpr size_t kLargestFromReserve = size_t{256} << 10;
constexpr size_t kReserveSize = size_t{1} << 20;

thread_local bool ran_out = false;

// Stands before every block; `system` is what there is to give back, null for blocks of the reserve.
struct Header {
  size_t size;
  void *system;
};
static_assert(sizeof(Header) <= kMemoryAlignment);

Header *header_of(void *block) {
  return reinterpret_cast<Header *>(static_cast<uint8_t *>(block) - sizeof(Header));
}

// Costs nothing until it is touched. What is in it is given back soon, as what failed is then undone, and
// with the last block all of it is free again.
class Reserve {
public:
  void *take(size_t size) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const size_t needed =
        kMemoryAlignment + (size + kMemoryAlignment - 1) / kMemoryAlignment * kMemoryAlignment;
    if (needed > kReserveSize - used_)
      return nullptr;
    uint8_t *block = memory_ + used_ + kMemoryAlignment;
    used_ += needed;
    ++blocks_;
    *header_of(block) = {size, nullptr};
    return block;
  }
  void release() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--blocks_ == 0)
      used_ = 0;
  }

private:
  std::mutex mutex_;
  size_t used_ = 0;
  size_t blocks_ = 0;
  alignas(kMemoryAlignment) uint8_t memory_[kReserveSize];
};

Reserve reserve;

void *system_allocate(size_t size) {
  if (const Allocator *custom = custom_allocator())
    return custom->allocate(custom->context, size, kMemoryAlignment);
  return std::malloc(size);
}

void system_deallocate(void *memory) {
  if (const Allocator *custom = custom_allocator())
    custom->deallocate(custom->context, memory);
  else
    std::free(memory);
}

void *allocate(size_t alignment, size_t size) {
  alignment = std::max(alignment, alignof(std::max_align_t));
  const size_t extra = alignment + sizeof(Header);
  void *system = size <= SIZE_MAX - extra ? system_allocate(size + extra) : nullptr;
  if (system == nullptr) {
    ran_out = true;
    return size <= kLargestFromReserve && alignment <= kMemoryAlignment ? reserve.take(size) : nullptr;
  }
  const uintptr_t first = reinterpret_cast<uintptr_t>(system) + sizeof(Header);
  const uintptr_t aligned = (first + alignment - 1) / alignment * alignment;
  void *block = static_cast<uint8_t *>(system) + (aligned - reinterpret_cast<uintptr_t>(system));
  *header_of(block) = {size, system};
  return block;
}

void deallocate(void *block) {
  if (block == nullptr)
    return;
  if (void *system = header_of(block)->system)
    system_deallocate(system);
  else
    reserve.release();
}

void *reallocate(void *block, size_t size) {
  void *larger = allocate(0, size);
  if (block == nullptr || larger == nullptr)
    return larger;
  std::memcpy(larger, block, std::min(size, header_of(block)->size));
  deallocate(block);
  return larger;
}

} // namespace

const xnn_allocator *xnnpack_allocator() {
  static const xnn_allocator allocator = {
      nullptr,
      [](void *, size_t size) { return allocate(0, size); },
      [](void *, void *block, size_t size) { return reallocate(block, size); },
      [](void *, void *block) { deallocate(block); },
      [](void *, size_t alignment, size_t size) { return allocate(alignment, size); },
      [](void *, void *block) { deallocate(block); },
  };
  return &allocator;
}

bool ran_out_of_memory() {
  const bool result = ran_out;
  ran_out = false;
  return result;
}

} // namespace xnnir
