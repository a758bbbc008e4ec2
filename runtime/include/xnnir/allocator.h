// Where the runtime's large memory comes from.
#pragma once

#include <cstddef>

#include "xnnir/status.h"

namespace xnnir {

// Functions may be called from any thread, and must not throw.
struct Allocator {
  // At least `size` bytes (never 0) at a multiple of `alignment`, a power of two; null when there are none.
  // They need not be zeros.
  void *(*allocate)(void *context, size_t size, size_t alignment) = nullptr;
  // What allocate() gave, never null.
  void (*deallocate)(void *context, void *memory) = nullptr;
  void *context = nullptr;
};

// Has all arenas, buffers, copies of programs and inputs, outputs that own their memory, and XNNPACK's packed
// weights and workspaces come from `allocator`, in the whole process. Small objects (names, tables, messages)
// stay with operator new, and weights of a mapped file in the file.
//
// Only before the first program is loaded and the first tensor made: kInvalidState afterwards, as memory must
// go back to where it came from. kInvalidArgument when a function is null.
Status set_allocator(const Allocator &allocator);

} // namespace xnnir
