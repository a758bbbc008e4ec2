#include "format/data_file.h"

#include "format/budget.h"
#include "format/verifier.h"
#include "format/wire.h"
#include "xnnir_schema/flat_tensor_generated.h"

namespace xnnir {

namespace fb = schema::flat_tensor;

namespace {

constexpr StatusCode kCode = StatusCode::kInvalidExternalData;
constexpr size_t kHeaderOffset = 8;
constexpr char kHeaderMagic[] = "FH01";
constexpr uint32_t kHeaderLength = 40;
constexpr uint32_t kSchemaVersion = 0;
// FlatTensor, NamedData, TensorLayout is the deepest path.
constexpr unsigned kMaxDepth = 8;
constexpr uint64_t kMaxFlatbufferSize = (uint64_t{1} << 31) - 1;

using unsigned_long_long = unsigned long long;

struct Layout {
  Span<const uint8_t> flatbuffer;
  Span<const uint8_t> segments;
};

Result<Layout> read_layout(Span<const uint8_t> file) {
  if (file.size() < kHeaderOffset + kHeaderLength || !fb::FlatTensorBufferHasIdentifier(file.data()))
    return make_status(kCode, "byte 4 does not have the identifier 'FT01': this is no .ptd file");
  const uint8_t *header = file.data() + kHeaderOffset;
  if (std::memcmp(header, kHeaderMagic, sizeof(kHeaderMagic) - 1) != 0)
    return make_status(kCode, "byte 8 does not have the extended header 'FH01': this is no .ptd file");
  if (const uint32_t length = read_u32(header + 4); length < kHeaderLength)
    return make_status(kCode, "extended header: length is %u, expected at least %u", length, kHeaderLength);
  const uint64_t flatbuffer_offset = read_u64(header + 8);
  const uint64_t flatbuffer_size = read_u64(header + 16);
  const uint64_t segment_base = read_u64(header + 24);
  const uint64_t segment_size = read_u64(header + 32);
  const uint64_t size = file.size();
  if (flatbuffer_offset > size || flatbuffer_size > size - flatbuffer_offset ||
      flatbuffer_offset + flatbuffer_size < kHeaderOffset + kHeaderLength ||
      flatbuffer_offset + flatbuffer_size > kMaxFlatbufferSize)
    return make_status(kCode,
                       "extended header: the flatbuffer has %llu bytes at %llu, expected it inside the "
                       "file's %zu bytes: the file is damaged or cut short",
                       static_cast<unsigned_long_long>(flatbuffer_size),
                       static_cast<unsigned_long_long>(flatbuffer_offset), file.size());
  if (segment_base > size || segment_size > size - segment_base)
    return make_status(kCode,
                       "extended header: the segments have %llu bytes at %llu, expected them inside the "
                       "file's %zu bytes: the file is damaged or cut short",
                       static_cast<unsigned_long_long>(segment_size),
                       static_cast<unsigned_long_long>(segment_base), file.size());
  return Layout{{file.data(), static_cast<size_t>(flatbuffer_offset + flatbuffer_size)},
                {file.data() + segment_base, static_cast<size_t>(segment_size)}};
}

Status read_tensor_layout(const fb::TensorLayout &layout, const std::string &path, NamedBytes &entry) {
  entry.is_tensor = true;
  entry.dtype = static_cast<ScalarType>(layout.scalar_type());
  const size_t element = element_size(entry.dtype);
  if (element == 0)
    return make_status(kCode, "%s.scalar_type is %d, which no dtype has", path.c_str(), layout.scalar_type());
  uint64_t nbytes = element;
  for (size_t i = 0; i < count_of(layout.sizes()); ++i) {
    const int32_t size = item_of(layout.sizes(), i);
    if (size < 0)
      return make_status(kCode, "%s.sizes[%zu] is %d, expected 0 or more", path.c_str(), i, size);
    entry.sizes.push_back(size);
    if (size != 0 && nbytes > UINT64_MAX / static_cast<uint64_t>(size))
      return make_status(kCode, "%s.sizes describe a tensor that is too large", path.c_str());
    nbytes *= static_cast<uint64_t>(size);
  }
  if (nbytes > entry.bytes.size())
    return make_status(kCode, "%s describes a tensor of more bytes than its segment's %zu", path.c_str(),
                       entry.bytes.size());
  return {};
}

} // namespace

Result<std::unordered_map<std::string, NamedBytes>> read_data_file(Span<const uint8_t> file,
                                                                   const Limits &limits) {
  Result<Layout> layout = read_layout(file);
  if (!layout.ok())
    return layout.status();
  flatbuffers::Verifier verifier = make_verifier(layout->flatbuffer, kMaxDepth);
  if (!fb::VerifyFlatTensorBuffer(verifier))
    return make_status(kCode,
                       "the flatbuffer (%zu bytes) is malformed: an offset, a length or a string in it leads "
                       "outside; the file is damaged or cut short",
                       layout->flatbuffer.size());
  const fb::FlatTensor &root = *fb::GetFlatTensor(layout->flatbuffer.data());
  if (root.version() != kSchemaVersion)
    return make_status(kCode, "version is %u, expected %u", root.version(), kSchemaVersion);

  std::unordered_map<std::string, NamedBytes> entries;
  TableBudget budget(limits);
  XNNIR_RETURN_IF_ERROR(
      budget.take("named_data", count_of(root.named_data()), sizeof(decltype(entries)::value_type)));
  for (size_t i = 0; i < count_of(root.named_data()); ++i) {
    const auto *entry = root.named_data()->Get(static_cast<flatbuffers::uoffset_t>(i));
    const std::string path = indexed("", "named_data", i);
    if (count_of(entry->key()) == 0)
      return make_status(kCode, "%s.key is missing", path.c_str());
    XNNIR_RETURN_IF_ERROR(budget.take("key", entry->key()->size(), 1));
    if (!is_utf8(entry->key()->c_str(), entry->key()->size()))
      return make_status(kCode, "%s.key is not UTF-8", path.c_str());
    if (entry->segment_index() >= count_of(root.segments()))
      return make_status(kCode, "%s.segment_index is %u, but the file has %zu segments", path.c_str(),
                         entry->segment_index(), count_of(root.segments()));
    const auto *segment = root.segments()->Get(entry->segment_index());
    const size_t available = layout->segments.size();
    if (segment->offset() > available || segment->size() > available - segment->offset())
      return make_status(kCode,
                         "segments[%u] has offset %llu and size %llu, but the file has %zu bytes of segments",
                         entry->segment_index(), static_cast<unsigned_long_long>(segment->offset()),
                         static_cast<unsigned_long_long>(segment->size()), available);
    NamedBytes named;
    named.bytes = {layout->segments.data() + segment->offset(), static_cast<size_t>(segment->size())};
    if (entry->tensor_layout() != nullptr) {
      XNNIR_RETURN_IF_ERROR(
          budget.take("sizes", count_of(entry->tensor_layout()->sizes()), sizeof(named.sizes[0])));
      XNNIR_RETURN_IF_ERROR(read_tensor_layout(*entry->tensor_layout(), path + ".tensor_layout", named));
    }
    if (!entries.emplace(entry->key()->str(), std::move(named)).second)
      return make_status(kCode, "%s.key is '%s', which an earlier entry has", path.c_str(),
                         entry->key()->c_str());
  }
  return entries;
}

} // namespace xnnir
