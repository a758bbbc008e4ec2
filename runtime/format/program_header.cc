#include "format/program_header.h"

#include <cstring>
#include <string>

#include "format/wire.h"

namespace xnnir {

namespace {

constexpr size_t kIdentifierOffset = 4;
constexpr char kIdentifier[] = "ET12";
constexpr size_t kHeaderOffset = 8;
constexpr char kHeaderMagic[] = "eh00";
constexpr uint32_t kShortHeaderLength = 24;
constexpr uint32_t kLongHeaderLength = 32;
constexpr size_t kMagicLength = 4;
// Offsets in a flatbuffer are 31 bits wide.
constexpr uint64_t kMaxFlatbufferSize = (uint64_t{1} << 31) - 1;

bool has_text(Span<const uint8_t> bytes, size_t offset, const char *text) {
  return bytes.size() >= offset + kMagicLength && std::memcmp(bytes.data() + offset, text, kMagicLength) == 0;
}

// For messages: what stands where an identifier should, with unprintable bytes as dots.
std::string printable(const uint8_t *bytes) {
  std::string text;
  for (size_t i = 0; i < kMagicLength; ++i)
    text += bytes[i] >= 0x20 && bytes[i] < 0x7f ? static_cast<char>(bytes[i]) : '.';
  return text;
}

} // namespace

Result<ProgramLayout> read_program_layout(Span<const uint8_t> file) {
  constexpr StatusCode kCode = StatusCode::kInvalidProgram;
  if (file.size() < kHeaderOffset)
    return make_status(kCode, "the file has %zu bytes, too few to be a program", file.size());
  if (!has_text(file, kIdentifierOffset, kIdentifier))
    return make_status(
        kCode, "identifier at byte %zu is '%s', expected '%s': this is no .pte file of a version known",
        kIdentifierOffset, printable(file.data() + kIdentifierOffset).c_str(), kIdentifier);

  ProgramLayout layout;
  if (!has_text(file, kHeaderOffset, kHeaderMagic)) {
    if (file.size() > kMaxFlatbufferSize)
      return make_status(kCode, "the file has %zu bytes and no extended header, expected at most %llu bytes",
                         file.size(), static_cast<unsigned long long>(kMaxFlatbufferSize));
    layout.flatbuffer = file;
    return layout;
  }

  const uint8_t *header = file.data() + kHeaderOffset;
  if (file.size() < kHeaderOffset + kShortHeaderLength)
    return make_status(kCode, "the file has %zu bytes and ends inside its extended header", file.size());
  const uint32_t length = read_u32(header + 4);
  if (length < kShortHeaderLength)
    return make_status(kCode, "extended header: length is %u, expected at least %u", length,
                       kShortHeaderLength);
  if (length > file.size() - kHeaderOffset)
    return make_status(kCode, "extended header: length is %u, but the file has only %zu bytes", length,
                       file.size());

  const uint64_t program_size = read_u64(header + 8);
  const uint64_t segment_base = read_u64(header + 16);
  const uint64_t segment_size = length >= kLongHeaderLength ? read_u64(header + 24) : 0;
  if (program_size > file.size())
    return make_status(kCode, "extended header: program_size is %llu, but the file has only %zu bytes",
                       static_cast<unsigned long long>(program_size), file.size());
  if (program_size < kHeaderOffset + length || program_size > kMaxFlatbufferSize)
    return make_status(kCode, "extended header: program_size is %llu, expected %zu to %llu",
                       static_cast<unsigned long long>(program_size), kHeaderOffset + length,
                       static_cast<unsigned long long>(kMaxFlatbufferSize));
  layout.flatbuffer = {file.data(), static_cast<size_t>(program_size)};
  if (segment_base == 0) {
    if (segment_size != 0)
      return make_status(kCode, "extended header: segment_data_size is %llu with segment_base_offset 0",
                         static_cast<unsigned long long>(segment_size));
    return layout;
  }
  if (segment_base < program_size || segment_base > file.size())
    return make_status(kCode, "extended header: segment_base_offset is %llu, expected %llu to %zu",
                       static_cast<unsigned long long>(segment_base),
                       static_cast<unsigned long long>(program_size), file.size());
  const size_t available = file.size() - static_cast<size_t>(segment_base);
  if (segment_size > available)
    return make_status(
        kCode,
        "extended header: segment_data_size is %llu, but %zu bytes follow segment_base_offset %llu: "
        "the file is cut short",
        static_cast<unsigned long long>(segment_size), available,
        static_cast<unsigned long long>(segment_base));
  layout.segments = {file.data() + segment_base, available};
  return layout;
}

} // namespace xnnir
