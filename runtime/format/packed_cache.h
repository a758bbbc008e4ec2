// The bytes of a file of packed weights.
//
// All numbers are little-endian. The header comes first, then packed weights in entries, then the index:
//
//   | offset | size | header field |
//   | 0 | 4 | "XNPW" |
//   | 4 | 4 | version of this format |
//   | 8 | 16 | fingerprint of the library and the CPU that packed: XNNPACK's layouts are its own |
//   | 24 | 8 | seed of all hashes in the file, drawn at random |
//   | 32 | 8 | size of the file |
//   | 40 | 8 | offset of the index, a multiple of 64 |
//   | 48 | 8 | entries in the index, each of 48 bytes |
//   | 56 | 8 | places behind them, each of 40 bytes |
//   | 64 | 8 | checksum of the index |
//   | 72 | 8 | checksum of what stands before |
//
//   | offset | size | field of an entry |
//   | 0 | 16 | identity: digest of everything that the packed bytes depend on, weights among them |
//   | 16 | 4 | XNNPACK's seed of the kernel |
//   | 20 | 4 | how many times the file was written anew without the entry being used |
//   | 24 | 8 | offset of the packed bytes, a multiple of 64 |
//   | 32 | 8 | their number |
//   | 40 | 8 | their checksum |
//
//   | offset | size | field of a place |
//   | 0 | 16 | digest of a file's identity and a range in it |
//   | 16 | 16 | digest of the bytes there |
//   | 32 | 4 | as above, how many times the file was written anew |
//   | 36 | 4 | 0 |
#pragma once

#include <string>
#include <vector>

#include "format/content_hash.h"
#include "xnnir/status.h"

namespace xnnir {

constexpr size_t kPackedCacheHeaderSize = 80;
// Of packed bytes: what XNNPACK aligns its own memory to.
constexpr size_t kPackedAlignment = 64;

struct PackedEntry {
  Digest identity;
  uint32_t kernel_seed = 0;
  uint32_t unused_rewrites = 0;
  uint64_t offset = 0;
  uint64_t size = 0;
  uint64_t checksum = 0;
};

// What is at a place in another file, so that it need not be read to be known.
struct PackedPlace {
  Digest place;
  Digest content;
  uint32_t unused_rewrites = 0;
};

struct PackedCache {
  Digest fingerprint;
  uint64_t hash_seed = 0;
  std::vector<PackedEntry> entries;
  std::vector<PackedPlace> places;
};

// Checks header and index; the packed bytes only for lying inside the file. kNotSupported: another version,
// library or CPU wrote it. kInvalidExternalData: it is damaged, or something else.
Result<PackedCache> read_packed_cache(Span<const uint8_t> file, const Digest &fingerprint);

// The index of a file, and the header of one whose index is at `index_offset`.
std::vector<uint8_t> write_packed_index(const PackedCache &cache);
std::vector<uint8_t> write_packed_header(const PackedCache &cache, uint64_t index_offset,
                                         const std::vector<uint8_t> &index);

} // namespace xnnir
