// XNNPACK's memory: packed weights, workspaces, its own tables.
#pragma once

#include <xnnpack.h>

namespace xnnir {

// The allocator that applications gave (xnnir/allocator.h), or malloc(). XNNPACK looks at what it gets where
// it asks for a lot, and nowhere else: where there is no memory for little things, it gets them from a
// reserve, finishes what it does, and ran_out_of_memory() then says so.
const xnn_allocator *xnnpack_allocator();

// Whether memory has run out on this thread since the last call.
bool ran_out_of_memory();

} // namespace xnnir
