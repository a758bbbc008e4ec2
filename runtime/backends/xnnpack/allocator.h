// XNNPACK's memory: packed weights, workspaces, its own tables.
#pragma once

#include <xnnpack.h>

namespace xnnir {

// The allocator that applications gave (xnnir/allocator.h), as XNNPACK calls it; null for XNNPACK's own.
const xnn_allocator *xnnpack_allocator();

} // namespace xnnir
