// Blocks of elements to and from the types that loops compute in.
#pragma once

#include "kernels/elementwise.h"

namespace xnnir {

// Reads `count` elements, `stride` elements apart (0 repeats one), as dense ones of a BlockType.
using LoadFunction = void (*)(const void *in, int64_t stride, size_t count, void *out);
// Null for quantised dtypes, which have no numbers.
LoadFunction load_function(ScalarType from, BlockType to);

// Writes dense elements.
using StoreFunction = void (*)(const void *in, size_t count, void *out);
StoreFunction store_function(BlockType from, ScalarType to);

// Whether elements of `from` may be changed by a cast to `to`, seen from block_type(to).
bool cast_rounds(ScalarType from, ScalarType to);

// The same for the floats, with vectors.
void half_to_float(const void *in, size_t count, float *out);
void float_to_half(const float *in, size_t count, void *out);
void bfloat16_to_float(const void *in, size_t count, float *out);
void float_to_bfloat16(const float *in, size_t count, void *out);

} // namespace xnnir
