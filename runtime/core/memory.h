// Memory that XNNPACK may work on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "xnnir/allocator.h"

namespace xnnir {

// XNNPACK's kernels read whole vectors and so up to XNN_EXTRA_BYTES past the end of what they are given (16,
// and 128 on Hexagon). They never write there.
constexpr size_t kOverReadBytes = 128;
// A cache line, and the widest vector.
constexpr size_t kMemoryAlignment = 64;

// What set_allocator() was given; null when memory is the system's. From here on it cannot be changed.
const Allocator *custom_allocator();

// Zeroed memory, aligned to kMemoryAlignment, with kOverReadBytes behind it.
class AlignedBuffer {
public:
  AlignedBuffer() = default;
  AlignedBuffer(AlignedBuffer &&other) noexcept;
  AlignedBuffer &operator=(AlignedBuffer &&other) noexcept;
  ~AlignedBuffer();

  // data() is null when there was not enough memory.
  static AlignedBuffer allocate(size_t size);

  uint8_t *data() const { return data_; }
  size_t size() const { return size_; }
  // Gives the memory to the owner that this returns.
  std::shared_ptr<void> share();

private:
  void *block_ = nullptr;
  uint8_t *data_ = nullptr;
  size_t size_ = 0;
};

// True when reading XNN_EXTRA_BYTES past the end cannot fault: memory protection works by pages, and those
// bytes lie in the page of the last byte. A caller's program for which this is false (it ends just before a
// page's end, and the next page may be unmapped) is copied, and such an output buffer is written by copying.
// Delegates see to the inputs that they read.
bool can_over_read(const void *data, size_t size);

} // namespace xnnir
