#include <cinttypes>
#include <cstring>

#include "format/delegate_header.h"
#include "format/delegate_nodes.h"

namespace xnnir {
namespace {

namespace fb = schema::xnnpack;

constexpr const char *kLocationsKey = "xnnir.locations";

// Both identifiers stand for the same tables.
Status check_identifier(const uint8_t *flatbuffer) {
  const char *identifier = reinterpret_cast<const char *>(flatbuffer) + 4;
  if (std::memcmp(identifier, "XN00", 4) == 0 || std::memcmp(identifier, "XN01", 4) == 0)
    return {};
  std::string shown;
  for (size_t i = 0; i < 4; ++i) {
    const unsigned char byte = static_cast<unsigned char>(identifier[i]);
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, byte >= 0x20 && byte < 0x7F ? "%c" : "\\x%02x", byte);
    shown += escaped;
  }
  return make_status(StatusCode::kDelegateInvalidCompatibility,
                     "the delegate blob's identifier is '%s', expected 'XN00' or 'XN01'", shown.c_str());
}

// Flatbuffers are read in place by aligned loads, and constants of XN00 lie in them, aligned to 16.
constexpr uintptr_t kFlatbufferAlignment = 16;

Span<const uint8_t> aligned(Span<const uint8_t> flatbuffer, DelegateGraph &graph) {
  if (reinterpret_cast<uintptr_t>(flatbuffer.data()) % kFlatbufferAlignment == 0)
    return flatbuffer;
  auto copy = std::make_shared<std::vector<uint64_t>>(flatbuffer.size() / sizeof(uint64_t) + 1);
  std::memcpy(copy->data(), flatbuffer.data(), flatbuffer.size());
  const auto *bytes = reinterpret_cast<const uint8_t *>(copy->data());
  graph.owned = std::move(copy);
  return {bytes, flatbuffer.size()};
}

} // namespace

Result<DelegateGraph> read_delegate(Span<const uint8_t> blob, const NamedDataMap &named_data, size_t kinds,
                                    size_t max_bytes) {
  Result<DelegateParts> parts = find_delegate_parts(blob);
  if (!parts.ok())
    return parts.status();
  DelegateGraph graph;
  graph.max_bytes = max_bytes;
  const Span<const uint8_t> flatbuffer = aligned(parts->flatbuffer, graph);
  XNNIR_RETURN_IF_ERROR(check_identifier(flatbuffer.data()));
  flatbuffers::Verifier verifier(flatbuffer.data(), flatbuffer.size());
  if (!verifier.VerifyBuffer<fb::XNNGraph>(nullptr))
    return make_status(
        StatusCode::kDelegateInvalidCompatibility,
        "the delegate blob is not a valid flatbuffer of an XNNPACK graph: truncated or damaged");

  const fb::XNNGraph &root = *flatbuffers::GetRoot<fb::XNNGraph>(flatbuffer.data());
  if (root.xvalues() == nullptr)
    return make_status(StatusCode::kInvalidProgram, "xvalues is missing from the delegate blob");
  if (root.xnodes() == nullptr)
    return make_status(StatusCode::kInvalidProgram, "xnodes is missing from the delegate blob");
  const DelegateConstants constants(root, parts->constants, named_data);
  ValueIds ids;
  XNNIR_RETURN_IF_ERROR(read_delegate_values(root, constants, graph, ids));
  XNNIR_RETURN_IF_ERROR(read_delegate_nodes(root, ids, kinds, graph));
  if (Result<Span<const uint8_t>> locations = named_data.get(kLocationsKey); locations.ok())
    graph.locations = *locations;
  return graph;
}

} // namespace xnnir
