// Small things that every reader of bytes here needs.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "xnnir/status.h"

namespace xnnir {

// Little-endian numbers at any alignment.
inline uint32_t read_u32(const uint8_t *bytes) {
  return static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
         static_cast<uint32_t>(bytes[2]) << 16 | static_cast<uint32_t>(bytes[3]) << 24;
}
inline uint64_t read_u64(const uint8_t *bytes) {
  return read_u32(bytes) | static_cast<uint64_t>(read_u32(bytes + 4)) << 32;
}

// Entries of a flatbuffers vector that may be absent.
template <typename Vector> size_t count_of(const Vector *vector) {
  return vector == nullptr ? 0 : vector->size();
}

// An item of a vector of numbers. The verifier checks that the vector's length is aligned, not that 8-byte
// items are.
template <typename Vector> auto item_of(const Vector *vector, size_t index) {
  typename Vector::value_type item;
  std::memcpy(&item, vector->Data() + index * sizeof(item), sizeof(item));
  return item;
}

// Names are shown to people, so they have to be text.
bool is_utf8(const char *text, size_t length);

// The status with the path of a table put before the field that its message begins with.
inline Status at_path(const std::string &path, const Status &status) {
  return Status(status.code(), path + status.message());
}
inline std::string indexed(const std::string &path, const char *field, size_t index) {
  return path + field + "[" + std::to_string(index) + "]";
}

} // namespace xnnir
