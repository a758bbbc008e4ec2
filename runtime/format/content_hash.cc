#include "format/content_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace xnnir {

Digest digest(Span<const uint8_t> bytes, uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {hash.low64, hash.high64};
}

uint64_t checksum(Span<const uint8_t> bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

} // namespace xnnir
