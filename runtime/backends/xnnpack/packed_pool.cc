#include "backends/xnnpack/packed_pool.h"

#include <algorithm>
#include <random>

#include "backends/xnnpack/fingerprint.h"
#include "core/memory.h"

namespace xnnir {

namespace {

// Memory of the application's allocator, which knows nothing of pages.
class BufferPages final : public Pages {
public:
  explicit BufferPages(AlignedBuffer buffer) : buffer_(std::move(buffer)) {}
  static Result<std::shared_ptr<const Pages>> allocate(size_t size) {
    AlignedBuffer buffer = AlignedBuffer::allocate(size);
    if (buffer.data() == nullptr)
      return make_status(StatusCode::kMemoryAllocationFailed, "no memory for %zu bytes of packed weights",
                         size);
    return std::shared_ptr<const Pages>(std::make_shared<BufferPages>(std::move(buffer)));
  }
  Span<uint8_t> bytes() const override { return {buffer_.data(), buffer_.size()}; }
  void populate(Span<uint8_t>) const override {}
  void make_read_only() const override {}

private:
  AlignedBuffer buffer_;
};

// A file that is written anew keeps what others put there, but not for ever: weights of a model that has
// changed since are never asked for again. So many times it may be written without them being used.
constexpr uint32_t kMaxUnusedRewrites = 4;

size_t round_up(size_t size, size_t multiple) { return (size + multiple - 1) / multiple * multiple; }

PackedKey key_of(const PackedEntry &entry) { return {entry.identity, entry.kernel_seed, entry.size}; }

uint64_t random_seed() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

} // namespace

std::shared_ptr<PackedPool> PackedPool::make() { return std::shared_ptr<PackedPool>(new PackedPool("")); }

std::shared_ptr<PackedPool> PackedPool::of_file(const std::string &path) {
  static std::mutex pools_mutex;
  static std::map<std::string, std::weak_ptr<PackedPool>> pools;
  const std::lock_guard<std::mutex> lock(pools_mutex);
  std::weak_ptr<PackedPool> &known = pools[path];
  std::shared_ptr<PackedPool> pool = known.lock();
  if (pool == nullptr)
    known = pool = std::shared_ptr<PackedPool>(new PackedPool(path));
  return pool;
}

void PackedPool::refresh() {
  // What is being written belongs to the file that was read.
  if (!has_file() || successor_ != nullptr)
    return;
  const std::string identity = file_identity(path_);
  if (hash_seed_ != 0 && identity == identity_)
    return;
  identity_ = identity;
  file_ = nullptr;
  entries_.clear();
  message_.clear();
  PackedCache cache;
  Result<std::shared_ptr<const MappedFile>> file = map_file(path_);
  if (file.ok()) {
    Result<PackedCache> read = read_packed_cache((*file)->bytes(), packing_fingerprint());
    if (read.ok()) {
      file_ = std::move(*file);
      cache = std::move(*read);
    } else {
      message_ = "'" + path_ + "' was not used: " + read.status().message();
    }
  } else if (file.status().code() != StatusCode::kNotFound) {
    message_ = file.status().message();
  }
  if (cache.hash_seed == 0)
    cache.hash_seed = hash_seed_ != 0 ? hash_seed_ : random_seed() | 1;
  // All that is known of contents are digests with the seed.
  if (cache.hash_seed != hash_seed_) {
    shared_.clear();
    places_.clear();
  }
  hash_seed_ = cache.hash_seed;
  for (const PackedEntry &entry : cache.entries)
    entries_[key_of(entry)].entry = entry;
  for (const PackedPlace &place : cache.places)
    places_.emplace(place.place, FilePlace{place, false});
}

bool PackedPool::find_content(const Digest &place, Digest &content) {
  const auto position = places_.find(place);
  if (position == places_.end() || place == Digest())
    return false;
  position->second.is_used = true;
  content = position->second.place.content;
  return true;
}

void PackedPool::add_content(const Digest &place, const Digest &content) {
  if (place != Digest())
    places_[place] = {{place, content, 0}, true};
}

bool PackedPool::find(const PackedKey &key, PackedBytes &found) const {
  const auto position = shared_.find(key);
  if (position == shared_.end())
    return false;
  found.bytes = position->second.first;
  found.owner = position->second.second.lock();
  return found.owner != nullptr;
}

bool PackedPool::find_in_file(const PackedKey &key, Candidate &found) const {
  const auto position = entries_.find(key);
  if (position == entries_.end() || position->second.is_damaged)
    return false;
  const PackedEntry &entry = position->second.entry;
  found.packed.bytes = {file_->bytes().data() + entry.offset, static_cast<size_t>(entry.size)};
  found.packed.owner = file_;
  found.checksum = entry.checksum;
  return true;
}

void PackedPool::accept(const PackedKey &key, const PackedBytes &packed) {
  entries_[key].is_used = true;
  shared_[key] = {packed.bytes, packed.owner};
}

void PackedPool::reject(const PackedKey &key) {
  entries_[key].is_damaged = true;
  message_ = "'" + path_ + "' was damaged: weights in it had another checksum and were packed again";
}

Status PackedPool::start_file() {
  Result<std::unique_ptr<NewFile>> file = create_file(path_);
  if (!file.ok())
    return file.status();
  successor_ = std::move(*file);
  // The header comes last, but stands first.
  Result<std::shared_ptr<const Pages>> header = successor_->append(file_unit());
  return header.status();
}

void PackedPool::give_up(const Status &reason) {
  gave_up_ = true;
  successor_ = nullptr;
  added_.clear();
  message_ = "packed weights were not kept: " + reason.message();
}

Result<PackedPool::Space> PackedPool::allocate(size_t size) {
  const size_t pages_size = round_up(size + kOverReadBytes, file_unit());
  Space space;
  if (has_file() && !gave_up_) {
    Status status = successor_ == nullptr ? start_file() : Status();
    if (status.ok()) {
      space.offset = successor_->size();
      Result<std::shared_ptr<const Pages>> pages = successor_->append(pages_size);
      status = pages.status();
      if (status.ok()) {
        space.pages = std::move(*pages);
        space.in_file = true;
        return space;
      }
    }
    give_up(status);
  }
  Result<std::shared_ptr<const Pages>> pages =
      custom_allocator() != nullptr ? BufferPages::allocate(pages_size) : allocate_pages(pages_size);
  if (!pages.ok())
    return pages.status();
  space.pages = std::move(*pages);
  return space;
}

void PackedPool::add(const PackedKey &key, const Space &space, size_t offset, uint64_t checksum) {
  const Span<const uint8_t> bytes(space.pages->bytes().data() + offset, static_cast<size_t>(key.size));
  shared_[key] = {bytes, space.pages};
  if (!space.in_file || successor_ == nullptr)
    return;
  PackedEntry entry;
  entry.identity = key.identity;
  entry.kernel_seed = key.kernel_seed;
  entry.size = key.size;
  entry.offset = space.offset + offset;
  entry.checksum = checksum;
  added_.push_back(entry);
}

bool PackedPool::write_file() {
  for (auto entry = shared_.begin(); entry != shared_.end();)
    entry = entry->second.second.expired() ? shared_.erase(entry) : std::next(entry);
  if (added_.empty()) {
    successor_ = nullptr;
    gave_up_ = false;
    return false;
  }
  const Status status = finish_file();
  if (!status.ok())
    give_up(status);
  successor_ = nullptr;
  added_.clear();
  gave_up_ = false;
  return status.ok();
}

// Entries that the file has beside ours. Another process may have written it meanwhile.
Status PackedPool::keep_others(PackedCache &cache) {
  std::shared_ptr<const MappedFile> file = file_;
  std::map<PackedKey, FileEntry> others = entries_;
  if (file_identity(path_) != identity_) {
    Result<std::shared_ptr<const MappedFile>> mapped = map_file(path_);
    if (!mapped.ok())
      return {};
    Result<PackedCache> read = read_packed_cache((*mapped)->bytes(), packing_fingerprint());
    // With another seed its identities are of no use beside ours.
    if (!read.ok() || read->hash_seed != hash_seed_)
      return {};
    file = std::move(*mapped);
    others.clear();
    for (const PackedEntry &entry : read->entries) {
      others[key_of(entry)].entry = entry;
      const auto known = entries_.find(key_of(entry));
      others[key_of(entry)].is_used = known != entries_.end() && known->second.is_used;
    }
  }
  for (const PackedEntry &entry : added_)
    others.erase(key_of(entry));
  for (auto &[key, other] : others) {
    PackedEntry &entry = other.entry;
    if (other.is_damaged || (!other.is_used && entry.unused_rewrites >= kMaxUnusedRewrites))
      continue;
    entry.unused_rewrites = other.is_used ? 0 : entry.unused_rewrites + 1;
    const uint64_t from = entry.offset;
    entry.offset = round_up(static_cast<size_t>(successor_->size()), kPackedAlignment);
    XNNIR_RETURN_IF_ERROR(
        successor_->write(entry.offset, {file->bytes().data() + from, static_cast<size_t>(entry.size)}));
    cache.entries.push_back(entry);
  }
  return {};
}

void PackedPool::keep_places(PackedCache &cache) const {
  for (const auto &[digest, known] : places_) {
    PackedPlace place = known.place;
    if (!known.is_used && place.unused_rewrites >= kMaxUnusedRewrites)
      continue;
    place.unused_rewrites = known.is_used ? 0 : place.unused_rewrites + 1;
    cache.places.push_back(place);
  }
}

Status PackedPool::finish_file() {
  PackedCache cache;
  cache.fingerprint = packing_fingerprint();
  cache.hash_seed = hash_seed_;
  cache.entries = added_;
  XNNIR_RETURN_IF_ERROR(keep_others(cache));
  keep_places(cache);
  const std::vector<uint8_t> index = write_packed_index(cache);
  const uint64_t index_offset = round_up(static_cast<size_t>(successor_->size()), kPackedAlignment);
  XNNIR_RETURN_IF_ERROR(successor_->write(index_offset, index));
  XNNIR_RETURN_IF_ERROR(successor_->write(0, write_packed_header(cache, index_offset, index)));
  // The old file goes more easily while it is not mapped.
  file_ = nullptr;
  // No wait for the disk: after a loss of power checksums tell what did not get there.
  const Status published = successor_->publish();

  std::vector<PackedKey> used;
  for (const auto &[key, entry] : entries_)
    if (entry.is_used && !entry.is_damaged)
      used.push_back(key);
  const std::string message = message_;
  identity_.clear();
  successor_ = nullptr;
  refresh();
  message_ = message;
  for (const PackedKey &key : used)
    if (const auto entry = entries_.find(key); entry != entries_.end())
      entry->second.is_used = true;
  for (const PackedEntry &entry : added_)
    if (const auto known = entries_.find(key_of(entry)); known != entries_.end())
      known->second.is_used = true;
  return published;
}

} // namespace xnnir
