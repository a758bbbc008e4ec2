#include "backends/xnnpack/over_read.h"

#include <cstring>

#include <xnnpack.h>

namespace xnnir {

static_assert(kOverReadBytes >= XNN_EXTRA_BYTES, "memory of the runtime has too little slack for XNNPACK");

bool over_read_is_safe(const void *data, size_t bytes, size_t slack) {
  return slack >= XNN_EXTRA_BYTES || can_over_read(data, bytes);
}

void *PaddedBuffer::allocate(size_t bytes) {
  if (buffer_.data() == nullptr || bytes > buffer_.size())
    buffer_ = AlignedBuffer::allocate(bytes);
  return buffer_.data();
}

const void *PaddedBuffer::copy(const void *data, size_t bytes) {
  void *memory = allocate(bytes);
  if (memory != nullptr)
    std::memcpy(memory, data, bytes);
  return memory;
}

} // namespace xnnir
