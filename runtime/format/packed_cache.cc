#include "format/packed_cache.h"

#include <cstring>

#include "format/wire.h"

namespace xnnir {

namespace {

constexpr char kMagic[] = "XNPW";
constexpr size_t kMagicSize = 4;
constexpr uint32_t kVersion = 1;
constexpr size_t kEntrySize = 48;
constexpr size_t kPlaceSize = 40;
constexpr size_t kHeaderChecksumAt = kPackedCacheHeaderSize - 8;

void append_u32(std::vector<uint8_t> &bytes, uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8)
    bytes.push_back(static_cast<uint8_t>(number >> shift));
}

void append_u64(std::vector<uint8_t> &bytes, uint64_t number) {
  append_u32(bytes, static_cast<uint32_t>(number));
  append_u32(bytes, static_cast<uint32_t>(number >> 32));
}

void append_digest(std::vector<uint8_t> &bytes, const Digest &digest) {
  append_u64(bytes, digest.low);
  append_u64(bytes, digest.high);
}

Digest read_digest(const uint8_t *bytes) { return {read_u64(bytes), read_u64(bytes + 8)}; }

Status damaged(const char *what) {
  return make_status(StatusCode::kInvalidExternalData, "it is damaged: %s", what);
}

} // namespace

Result<PackedCache> read_packed_cache(Span<const uint8_t> file, const Digest &fingerprint) {
  if (file.size() < kPackedCacheHeaderSize || std::memcmp(file.data(), kMagic, kMagicSize) != 0)
    return make_status(StatusCode::kInvalidExternalData, "it is no file of packed weights");
  const uint8_t *header = file.data();
  if (const uint32_t version = read_u32(header + 4); version != kVersion)
    return make_status(StatusCode::kNotSupported, "its format is version %u, expected %u", version, kVersion);
  PackedCache cache;
  cache.fingerprint = read_digest(header + 8);
  cache.hash_seed = read_u64(header + 24);
  if (checksum({header, kHeaderChecksumAt}, cache.hash_seed) != read_u64(header + kHeaderChecksumAt))
    return damaged("its header has another checksum");
  if (cache.fingerprint != fingerprint)
    return make_status(StatusCode::kNotSupported,
                       "another version of the library, or another CPU, packed it");
  if (read_u64(header + 32) != file.size())
    return damaged("it has another size than its header says");

  // The checksum says that we wrote this, or somebody who can count: sizes are checked all the same.
  const uint64_t index_offset = read_u64(header + 40);
  const uint64_t count = read_u64(header + 48);
  const uint64_t place_count = read_u64(header + 56);
  const uint64_t index_size = file.size() - index_offset;
  if (index_offset < kPackedCacheHeaderSize || index_offset > file.size() ||
      count > index_size / kEntrySize || place_count > index_size / kPlaceSize ||
      count * kEntrySize + place_count * kPlaceSize != index_size)
    return damaged("its index does not lie at its end");
  const uint8_t *index = header + index_offset;
  if (checksum({index, static_cast<size_t>(index_size)}, cache.hash_seed) != read_u64(header + 64))
    return damaged("its index has another checksum");
  for (uint64_t i = 0; i < count; ++i, index += kEntrySize) {
    PackedEntry entry;
    entry.identity = read_digest(index);
    entry.kernel_seed = read_u32(index + 16);
    entry.unused_rewrites = read_u32(index + 20);
    entry.offset = read_u64(index + 24);
    entry.size = read_u64(index + 32);
    entry.checksum = read_u64(index + 40);
    if (entry.offset % kPackedAlignment != 0 || entry.offset > index_offset ||
        entry.size > index_offset - entry.offset)
      return damaged("an entry does not lie inside it");
    cache.entries.push_back(entry);
  }
  for (uint64_t i = 0; i < place_count; ++i, index += kPlaceSize)
    cache.places.push_back({read_digest(index), read_digest(index + 16), read_u32(index + 32)});
  return cache;
}

std::vector<uint8_t> write_packed_index(const PackedCache &cache) {
  std::vector<uint8_t> bytes;
  bytes.reserve(cache.entries.size() * kEntrySize + cache.places.size() * kPlaceSize);
  for (const PackedEntry &entry : cache.entries) {
    append_digest(bytes, entry.identity);
    append_u32(bytes, entry.kernel_seed);
    append_u32(bytes, entry.unused_rewrites);
    append_u64(bytes, entry.offset);
    append_u64(bytes, entry.size);
    append_u64(bytes, entry.checksum);
  }
  for (const PackedPlace &place : cache.places) {
    append_digest(bytes, place.place);
    append_digest(bytes, place.content);
    append_u32(bytes, place.unused_rewrites);
    append_u32(bytes, 0);
  }
  return bytes;
}

std::vector<uint8_t> write_packed_header(const PackedCache &cache, uint64_t index_offset,
                                         const std::vector<uint8_t> &index) {
  std::vector<uint8_t> bytes(kMagic, kMagic + kMagicSize);
  append_u32(bytes, kVersion);
  append_digest(bytes, cache.fingerprint);
  append_u64(bytes, cache.hash_seed);
  append_u64(bytes, index_offset + index.size());
  append_u64(bytes, index_offset);
  append_u64(bytes, cache.entries.size());
  append_u64(bytes, cache.places.size());
  append_u64(bytes, checksum(index, cache.hash_seed));
  append_u64(bytes, checksum(bytes, cache.hash_seed));
  return bytes;
}

} // namespace xnnir
