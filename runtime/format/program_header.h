// The first bytes of a .pte file: which part is the flatbuffer, and where the segments begin.
#pragma once

#include <cstdint>

#include "xnnir/span.h"
#include "xnnir/status.h"

namespace xnnir {

struct ProgramLayout {
  // Root offset, identifier and, where there is one, the extended header come first in it.
  Span<const uint8_t> flatbuffer;
  // What DataSegment.offset counts from; empty when the file has no segments.
  Span<const uint8_t> segments;
};

// Byte 4 has "ET12". At byte 8 there may be the extended header, little-endian: "eh00", u32 header length (24
// in files of before 1.0, then 32), u64 size of the flatbuffer, u64 offset of the segments from the start of
// the file, and in the longer form u64 size of the segments. Without it the whole file is the flatbuffer.
// kInvalidProgram otherwise.
Result<ProgramLayout> read_program_layout(Span<const uint8_t> file);

} // namespace xnnir
