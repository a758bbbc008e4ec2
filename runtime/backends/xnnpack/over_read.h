// XNNPACK reads up to XNN_EXTRA_BYTES past the end of its inputs, and of constants.
//
// What makes that safe here: memory that XNNPACK allocates has the slack; arenas of the runtime have it (and
// files reserve it for ExecuTorch's); and an over-read that stays in the page of the last byte reads what it
// may and ignores it. Only where the next page would be touched, and nobody promised slack, is the data
// copied to memory with slack. Outputs that the graph itself reads again are the caller's to give slack: the
// runtime's planned memory does.
#pragma once

#include <cstddef>

#include "core/memory.h"

namespace xnnir {

// Whether XNNPACK may read `bytes` bytes at `data`, of which `slack` more are known to be readable.
bool over_read_is_safe(const void *data, size_t bytes, size_t slack);

// Memory with slack. Empty until first used.
class PaddedBuffer {
public:
  // At least `bytes` bytes, not cleared. Null when there is no memory.
  void *allocate(size_t bytes);
  // Copies `bytes` bytes. Null when there is no memory. Allocates only when they do not fit in what is there.
  const void *copy(const void *data, size_t bytes);

private:
  AlignedBuffer buffer_;
};

} // namespace xnnir
