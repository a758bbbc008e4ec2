// Where the parts of a delegate blob are: the flatbuffer, and the constants behind it.
#pragma once

#include <cstdint>

#include "xnnir/span.h"
#include "xnnir/status.h"

namespace xnnir {

struct DelegateParts {
  // Starts with the root offset and the identifier.
  Span<const uint8_t> flatbuffer;
  // Inline constants; empty in bare flatbuffers and where all constants are named data.
  Span<const uint8_t> constants;
};

// Blobs start with an XH00 header: zeros (4 bytes), "XH00", u16 header length, u32 flatbuffer offset, u32
// flatbuffer size, u32 offset and u64 size of the constants, little-endian, offsets from the start of the
// blob. Blobs without that magic are flatbuffers as they stand.
Result<DelegateParts> find_delegate_parts(Span<const uint8_t> blob);

} // namespace xnnir
