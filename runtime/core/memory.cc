#include "core/memory.h"

#include <cstdlib>
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

AlignedBuffer::~AlignedBuffer() { std::free(block_); }

AlignedBuffer AlignedBuffer::allocate(size_t size) {
  AlignedBuffer buffer;
  constexpr size_t kExtra = kMemoryAlignment - 1 + kOverReadBytes;
  if (size > SIZE_MAX - kExtra)
    return buffer;
  // calloc takes zeroed pages from the system without touching them, where clearing aligned memory would.
  buffer.block_ = std::calloc(1, size + kExtra);
  if (buffer.block_ == nullptr)
    return buffer;
  const uintptr_t address = reinterpret_cast<uintptr_t>(buffer.block_);
  const uintptr_t aligned = (address + kMemoryAlignment - 1) / kMemoryAlignment * kMemoryAlignment;
  buffer.data_ = static_cast<uint8_t *>(buffer.block_) + (aligned - address);
  buffer.size_ = size;
  return buffer;
}

void *AlignedBuffer::release() {
  data_ = nullptr;
  size_ = 0;
  return std::exchange(block_, nullptr);
}

bool can_over_read(const void *data, size_t size) {
  if (size == 0)
    return true;
  const uintptr_t last = reinterpret_cast<uintptr_t>(data) + size - 1;
  return last / page_size() == (last + kExtraBytes) / page_size();
}

} // namespace xnnir
