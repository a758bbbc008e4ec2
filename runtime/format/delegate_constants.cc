#include "format/delegate_constants.h"

#include <cinttypes>

namespace xnnir {

Result<ConstantBytes> DelegateConstants::find(uint32_t index, size_t needed, const std::string &field) const {
  Result<ConstantBytes> found = find_unsized(index, field);
  if (found.ok() && found->bytes.size() < needed)
    return make_status(StatusCode::kInvalidProgram,
                       "%s is %" PRIu32 ", a constant of %zu bytes, expected %zu bytes", field.c_str(), index,
                       found->bytes.size(), needed);
  return found;
}

Result<ConstantBytes> DelegateConstants::find_unsized(uint32_t index, const std::string &field) const {
  if (const auto *buffers = graph_.constant_buffer(); buffers != nullptr && buffers->size() > 0) {
    if (index >= buffers->size())
      return make_status(StatusCode::kInvalidProgram,
                         "%s is %" PRIu32 ", expected less than the %" PRIu32 " entries of constant_buffer",
                         field.c_str(), index, buffers->size());
    const auto *storage = buffers->Get(index)->storage();
    if (storage == nullptr)
      return make_status(StatusCode::kInvalidProgram, "constant_buffer[%" PRIu32 "].storage is missing",
                         index);
    return ConstantBytes{{storage->data(), storage->size()}, 0};
  }

  const auto *entries = graph_.constant_data();
  const uint32_t count = entries == nullptr ? 0 : entries->size();
  if (index >= count)
    return make_status(StatusCode::kInvalidProgram,
                       "%s is %" PRIu32 ", expected less than the %" PRIu32 " entries of constant_data",
                       field.c_str(), index, count);
  const schema::xnnpack::ConstantDataOffset *entry = entries->Get(index);
  // Presence decides, not emptiness: that is how stock runtimes tell the two places apart.
  if (const auto *key = entry->named_key(); key != nullptr) {
    Result<Span<const uint8_t>> data = named_data_.get(key->str());
    if (!data.ok())
      return make_status(data.status().code(), "constant_data[%" PRIu32 "].named_key: %s", index,
                         data.status().message().c_str());
    if (data->size() < entry->size())
      return make_status(StatusCode::kInvalidExternalData,
                         "constant_data[%" PRIu32 "].size is %" PRIu64 ", but named data '%s' has %zu bytes",
                         index, entry->size(), key->c_str(), data->size());
    return ConstantBytes{*data, 0};
  }
  if (entry->offset() > inline_data_.size() || entry->size() > inline_data_.size() - entry->offset())
    return make_status(StatusCode::kInvalidProgram,
                       "constant_data[%" PRIu32 "] is at %" PRIu64 " with %" PRIu64
                       " bytes, expected it inside the blob's %zu bytes of constants",
                       index, entry->offset(), entry->size(), inline_data_.size());
  const size_t offset = static_cast<size_t>(entry->offset());
  const size_t size = static_cast<size_t>(entry->size());
  return ConstantBytes{{inline_data_.data() + offset, size}, inline_data_.size() - offset - size};
}

} // namespace xnnir
