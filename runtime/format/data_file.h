// A .ptd file, checked: tensors and other bytes by name, which programs share.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "xnnir/limits.h"
#include "xnnir/span.h"
#include "xnnir/status.h"
#include "xnnir/tensor.h"

namespace xnnir {

struct NamedBytes {
  Span<const uint8_t> bytes;
  // What the file says of a tensor; `is_tensor` is false for other bytes.
  bool is_tensor = false;
  ScalarType dtype = ScalarType::kByte;
  std::vector<int32_t> sizes;
};

// Byte 4 has "FT01", byte 8 the extended header, little-endian: "FH01", u32 header length (40), u64 offset
// and u64 size of the flatbuffer's part behind the header, u64 offset of the segments from the start of the
// file, u64 their size. kInvalidExternalData names the field that is wrong.
//
// The entries are views of the caller's bytes, which must be aligned to 16 bytes.
Result<std::unordered_map<std::string, NamedBytes>> read_data_file(Span<const uint8_t> file,
                                                                   const Limits &limits);

} // namespace xnnir
