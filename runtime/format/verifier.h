// How the flatbuffer at the head of a file is verified.
#pragma once

#include <algorithm>

#include <flatbuffers/verifier.h>

#include "xnnir/span.h"

namespace xnnir {

// A table takes 4 bytes, and so does the offset that refers to it; more tables than this means that tables
// are shared so often that checking them would take for ever.
constexpr size_t kBytesPerTable = 8;

inline flatbuffers::Verifier make_verifier(Span<const uint8_t> flatbuffer, unsigned max_depth) {
  const size_t max_tables = flatbuffer.size() / kBytesPerTable + 1;
  return flatbuffers::Verifier(flatbuffer.data(), flatbuffer.size(), max_depth,
                               static_cast<flatbuffers::uoffset_t>(std::min<size_t>(max_tables, UINT32_MAX)));
}

} // namespace xnnir
