#include "core/memory.h"

#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/platform.h"

namespace xnnir {

namespace {

// XNN_EXTRA_BYTES of this machine: what kernels read in fact, where kOverReadBytes is what we allocate.
#if defined(__hexagon__)
constexpr size_t kExtraBytes = 128;
#else
constexpr size_t kExtraBytes = 16;
#endif

// There is one allocator for the whole life of the process, so that blocks need not remember theirs.
void free_block(void *block) {
  if (const Allocator *custom = custom_allocator())
    custom->deallocate(custom->context, block);
  else
    std::free(block);
}

} // namespace

AlignedBuffer::AlignedBuffer(AlignedBuffer &&other) noexcept
    : block_(std::exchange(other.block_, nullptr)), data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

AlignedBuffer &AlignedBuffer::operator=(AlignedBuffer &&other) noexcept {
  std::swap(block_, other.block_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

AlignedBuffer::~AlignedBuffer() {
  if (block_ != nullptr)
    free_block(block_);
}

AlignedBuffer AlignedBuffer::allocate(size_t size) {
  AlignedBuffer buffer;
  constexpr size_t kExtra = kMemoryAlignment - 1 + kOverReadBytes;
  if (size > SIZE_MAX - kExtra)
    return buffer;
  if (const Allocator *custom = custom_allocator()) {
    buffer.block_ = custom->allocate(custom->context, size + kOverReadBytes, kMemoryAlignment);
    if (buffer.block_ == nullptr)
      return buffer;
    std::memset(buffer.block_, 0, size + kOverReadBytes);
    buffer.data_ = static_cast<uint8_t *>(buffer.block_);
  } else {
    // calloc takes zeroed pages from the system without touching them, where clearing aligned memory would.
    buffer.block_ = std::calloc(1, size + kExtra);
    if (buffer.block_ == nullptr)
      return buffer;
    const uintptr_t address = reinterpret_cast<uintptr_t>(buffer.block_);
    const uintptr_t aligned = (address + kMemoryAlignment - 1) / kMemoryAlignment * kMemoryAlignment;
    buffer.data_ = static_cast<uint8_t *>(buffer.block_) + (aligned - address);
  }
  buffer.size_ = size;
  return buffer;
}

std::shared_ptr<void> AlignedBuffer::share() {
  data_ = nullptr;
  size_ = 0;
  // Where there is no memory for the count of owners, shared_ptr frees the block before it throws.
  return std::shared_ptr<void>(std::exchange(block_, nullptr), [](void *block) {
    if (block != nullptr)
      free_block(block);
  });
}

bool can_over_read(const void *data, size_t size) {
  if (size == 0)
    return true;
  const uintptr_t last = reinterpret_cast<uintptr_t>(data) + size - 1;
  return last / page_size() == (last + kExtraBytes) / page_size();
}

} // namespace xnnir
