#include "format/delegate_header.h"

#include <cinttypes>
#include <cstring>

namespace xnnir {
namespace {

constexpr size_t kHeaderLength = 30;
constexpr size_t kMinFlatbufferSize = 8;
// The flatbuffers library takes no larger buffers: its offsets are 32-bit and signed.
constexpr size_t kMaxFlatbufferSize = 0x7FFFFFFF - 1;

uint64_t read_little_endian(const uint8_t *bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;)
    value = value << 8 | bytes[i];
  return value;
}

} // namespace

Result<DelegateParts> find_delegate_parts(Span<const uint8_t> blob) {
  if (blob.size() < kMinFlatbufferSize)
    return make_status(StatusCode::kInvalidProgram, "the delegate blob has %zu bytes, expected at least %zu",
                       blob.size(), kMinFlatbufferSize);
  DelegateParts parts;
  if (std::memcmp(blob.data() + 4, "XH00", 4) != 0) {
    parts.flatbuffer = blob;
  } else {
    if (blob.size() < kHeaderLength)
      return make_status(StatusCode::kInvalidProgram,
                         "the delegate blob has %zu bytes, expected the %zu of an XH00 header", blob.size(),
                         kHeaderLength);
    const uint64_t header_length = read_little_endian(blob.data() + 8, 2);
    const uint64_t flatbuffer_offset = read_little_endian(blob.data() + 10, 4);
    const uint64_t flatbuffer_size = read_little_endian(blob.data() + 14, 4);
    const uint64_t constants_offset = read_little_endian(blob.data() + 18, 4);
    const uint64_t constants_size = read_little_endian(blob.data() + 22, 8);
    if (header_length < kHeaderLength)
      return make_status(StatusCode::kInvalidProgram, "the XH00 header's length is %" PRIu64 ", expected %zu",
                         header_length, kHeaderLength);
    if (flatbuffer_offset < kHeaderLength || flatbuffer_offset > blob.size() ||
        flatbuffer_size > blob.size() - flatbuffer_offset)
      return make_status(StatusCode::kInvalidProgram,
                         "the XH00 header puts the flatbuffer at %" PRIu64 " with %" PRIu64
                         " bytes, expected it inside the blob's %zu bytes",
                         flatbuffer_offset, flatbuffer_size, blob.size());
    if (constants_offset < flatbuffer_offset + flatbuffer_size || constants_offset > blob.size() ||
        constants_size > blob.size() - constants_offset)
      return make_status(StatusCode::kInvalidProgram,
                         "the XH00 header puts the constants at %" PRIu64 " with %" PRIu64
                         " bytes, expected them behind the flatbuffer and inside the blob's %zu bytes",
                         constants_offset, constants_size, blob.size());
    parts.flatbuffer = {blob.data() + flatbuffer_offset, static_cast<size_t>(flatbuffer_size)};
    parts.constants = {blob.data() + constants_offset, static_cast<size_t>(constants_size)};
  }
  if (parts.flatbuffer.size() < kMinFlatbufferSize || parts.flatbuffer.size() > kMaxFlatbufferSize)
    return make_status(StatusCode::kInvalidProgram,
                       "the delegate's flatbuffer has %zu bytes, expected at least %zu and at most %zu",
                       parts.flatbuffer.size(), kMinFlatbufferSize, kMaxFlatbufferSize);
  return parts;
}

} // namespace xnnir
