#include "backends/xnnpack/over_read.h"

#include <cstdlib>
#include <cstring>

#include <unistd.h>
#include <xnnpack.h>

namespace xnnir {
namespace {

// What XNNPACK aligns its own memory to.
constexpr size_t kAlignment = 64;

} // namespace

bool over_read_is_safe(const void *data, size_t bytes, size_t slack) {
  static const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  if (slack >= XNN_EXTRA_BYTES)
    return true;
  const uintptr_t last = reinterpret_cast<uintptr_t>(data) + bytes - 1;
  return last / page == (last + XNN_EXTRA_BYTES) / page;
}

void PaddedBuffer::Free::operator()(void *memory) const { std::free(memory); }

void *PaddedBuffer::allocate(size_t bytes) {
  if (memory_ != nullptr && bytes <= capacity_)
    return memory_.get();
  const size_t size = (bytes + XNN_EXTRA_BYTES + kAlignment - 1) / kAlignment * kAlignment;
  memory_.reset(std::aligned_alloc(kAlignment, size));
  capacity_ = memory_ == nullptr ? 0 : bytes;
  if (memory_ != nullptr)
    std::memset(static_cast<uint8_t *>(memory_.get()) + bytes, 0, size - bytes);
  return memory_.get();
}

const void *PaddedBuffer::copy(const void *data, size_t bytes) {
  void *memory = allocate(bytes);
  if (memory != nullptr)
    std::memcpy(memory, data, bytes);
  return memory;
}

} // namespace xnnir
