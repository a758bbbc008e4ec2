// Fast hashes of bytes: XXH3, at the speed of memory. They find damage and tell contents apart; they are no
// protection against somebody who looks for two contents with one hash and knows the seed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "xnnir/span.h"

namespace xnnir {

struct Digest {
  uint64_t low = 0;
  uint64_t high = 0;

  bool operator==(const Digest &other) const { return low == other.low && high == other.high; }
  bool operator!=(const Digest &other) const { return !(*this == other); }
  bool operator<(const Digest &other) const {
    return high != other.high ? high < other.high : low < other.low;
  }
};

// 128 bits: different contents have different digests, as far as chance goes.
Digest digest(Span<const uint8_t> bytes, uint64_t seed);
// 64 bits: finds damage.
uint64_t checksum(Span<const uint8_t> bytes, uint64_t seed);

} // namespace xnnir
