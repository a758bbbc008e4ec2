#include "core/loaded_source.h"

#include <cstring>

#include "xnnir/log.h"

namespace xnnir {

namespace {

// Flatbuffers and constants are read in place, by aligned loads.
constexpr size_t kAlignment = 16;

bool is_aligned(Span<const uint8_t> bytes) {
  return reinterpret_cast<uintptr_t>(bytes.data()) % kAlignment == 0;
}

} // namespace

Result<LoadedSource> LoadedSource::load(const Source &source) {
  LoadedSource loaded;
  if (source.kind == Source::Kind::kBuffer) {
    loaded.bytes_ = source.bytes;
    loaded.owner_ = source.owner;
  } else {
    Result<std::shared_ptr<const MappedFile>> file =
        source.kind == Source::Kind::kFile ? map_file(source.path)
                                           : map_descriptor(source.number, source.offset, source.size);
    if (!file.ok())
      return file.status();
    loaded.file_ = std::move(*file);
    loaded.bytes_ = loaded.file_->bytes();
    loaded.name_ =
        source.kind == Source::Kind::kFile ? source.path : "descriptor " + std::to_string(source.number);
  }
  // What lies behind a mapped file can be read.
  if (is_aligned(loaded.bytes_) &&
      (loaded.file_ != nullptr || can_over_read(loaded.bytes_.data(), loaded.bytes_.size())))
    return loaded;
  loaded.copy_ = AlignedBuffer::allocate(loaded.bytes_.size());
  if (loaded.copy_.data() == nullptr)
    return make_status(StatusCode::kMemoryAllocationFailed, "a program of %zu bytes needs an aligned copy",
                       loaded.bytes_.size());
  log(LogLevel::kInfo,
      "a source of %zu bytes was copied: it is not aligned, or ends where reading past its end could fault",
      loaded.bytes_.size());
  std::memcpy(loaded.copy_.data(), loaded.bytes_.data(), loaded.bytes_.size());
  loaded.bytes_ = {loaded.copy_.data(), loaded.bytes_.size()};
  loaded.file_ = nullptr;
  loaded.owner_ = nullptr;
  return loaded;
}

Status LoadedSource::about(const Status &status) const {
  if (status.ok() || name_.empty())
    return status;
  return Status(status.code(), "'" + name_ + "': " + status.message());
}

void LoadedSource::release(Span<const uint8_t> part) const {
  if (file_ != nullptr)
    file_->release(part);
}

bool LoadedSource::contains(Span<const uint8_t> part) const {
  return part.begin() >= bytes_.begin() && part.end() <= bytes_.end();
}

bool LoadedSource::locate(Span<const uint8_t> part, std::string &file, uint64_t &offset) const {
  if (file_ == nullptr || file_->identity().empty() || !contains(part))
    return false;
  file = file_->identity();
  offset = file_->offset() + static_cast<uint64_t>(part.begin() - bytes_.begin());
  return true;
}

} // namespace xnnir
