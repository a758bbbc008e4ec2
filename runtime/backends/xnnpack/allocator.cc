#include "backends/xnnpack/allocator.h"

#include <cstring>

#include "core/memory.h"

namespace xnnir {
namespace {

// Blocks that may have to grow know their size: it stands in front of them.
constexpr size_t kHeaderBytes = kMemoryAlignment;

const Allocator &allocator(void *context) { return *static_cast<const Allocator *>(context); }

void *allocate(void *context, size_t size) {
  if (size > SIZE_MAX - kHeaderBytes)
    return nullptr;
  const Allocator &custom = allocator(context);
  auto *block = static_cast<char *>(custom.allocate(custom.context, size + kHeaderBytes, kMemoryAlignment));
  if (block == nullptr)
    return nullptr;
  std::memcpy(block, &size, sizeof(size));
  return block + kHeaderBytes;
}

void deallocate(void *context, void *pointer) {
  if (pointer == nullptr)
    return;
  const Allocator &custom = allocator(context);
  custom.deallocate(custom.context, static_cast<char *>(pointer) - kHeaderBytes);
}

void *reallocate(void *context, void *pointer, size_t size) {
  void *larger = allocate(context, size);
  if (larger == nullptr || pointer == nullptr)
    return larger;
  size_t old_size = 0;
  std::memcpy(&old_size, static_cast<char *>(pointer) - kHeaderBytes, sizeof(old_size));
  std::memcpy(larger, pointer, old_size < size ? old_size : size);
  deallocate(context, pointer);
  return larger;
}

void *aligned_allocate(void *context, size_t alignment, size_t size) {
  const Allocator &custom = allocator(context);
  return custom.allocate(custom.context, size == 0 ? 1 : size, alignment);
}

void aligned_deallocate(void *context, void *pointer) {
  const Allocator &custom = allocator(context);
  if (pointer != nullptr)
    custom.deallocate(custom.context, pointer);
}

} // namespace

const xnn_allocator *xnnpack_allocator() {
  const Allocator *custom = custom_allocator();
  if (custom == nullptr)
    return nullptr;
  static const xnn_allocator functions = {const_cast<Allocator *>(custom),
                                          allocate,
                                          reallocate,
                                          deallocate,
                                          aligned_allocate,
                                          aligned_deallocate};
  return &functions;
}

} // namespace xnnir
