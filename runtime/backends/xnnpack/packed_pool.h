// Packed weights that delegates share, and the file that keeps them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "core/platform.h"
#include "format/packed_cache.h"
#include "xnnir/packed_weights.h"

namespace xnnir {

struct PackedKey {
  Digest identity;
  uint32_t kernel_seed = 0;
  uint64_t size = 0;

  bool operator<(const PackedKey &other) const {
    return std::tie(identity, kernel_seed, size) < std::tie(other.identity, other.kernel_seed, other.size);
  }
};

// Packed weights in memory, which stay as long as `owner`.
struct PackedBytes {
  Span<const uint8_t> bytes;
  std::shared_ptr<const void> owner;
};

// Of a program, or of all programs of the process that name one file. The caller holds the mutex while it
// looks for weights, packs those that are missing, and adds them.
class PackedPool {
public:
  // One that is the program's own, without a file.
  static std::shared_ptr<PackedPool> make();
  // The process has one for each path.
  static std::shared_ptr<PackedPool> of_file(const std::string &path);

  std::mutex mutex;

  bool has_file() const { return !path_.empty(); }
  // Reads the file, where it is another one than the last time. Before anything else.
  void refresh();
  // Of all digests and checksums. After refresh().
  uint64_t hash_seed() const { return hash_seed_; }

  // The digest of the bytes at a place in another file, which the digest `place` stands for.
  bool find_content(const Digest &place, Digest &content);
  void add_content(const Digest &place, const Digest &content);

  // Weights that a living delegate uses.
  bool find(const PackedKey &key, PackedBytes &found) const;

  struct Candidate {
    PackedBytes packed;
    uint64_t checksum = 0;
  };
  // Weights that the file has. They may be damaged: only those with the right checksum may be used, and the
  // caller says which these are.
  bool find_in_file(const PackedKey &key, Candidate &found) const;
  void accept(const PackedKey &key, const PackedBytes &packed);
  void reject(const PackedKey &key);

  // Memory for weights that are missing, kPackedAlignment-aligned: in the file's successor or, where none can
  // be written, the process's own. `offset` is that in the file.
  struct Space {
    std::shared_ptr<const Pages> pages;
    bool in_file = false;
    uint64_t offset = 0;
  };
  Result<Space> allocate(size_t size);
  // Adds weights that were packed into such memory, `offset` bytes from its start.
  void add(const PackedKey &key, const Space &space, size_t offset, uint64_t checksum);

  // Writes the file, if weights were missing in it. Returns whether it did.
  bool write_file();
  // What was wrong with the file; empty for nothing.
  const std::string &message() const { return message_; }

private:
  struct FilePlace {
    PackedPlace place;
    bool is_used = false;
  };
  struct FileEntry {
    PackedEntry entry;
    bool is_damaged = false;
    bool is_used = false;
  };

  explicit PackedPool(std::string path) : path_(std::move(path)) {}
  Status start_file();
  Status finish_file();
  Status keep_others(PackedCache &cache);
  void keep_places(PackedCache &cache) const;
  void give_up(const Status &reason);

  std::string path_;
  std::map<PackedKey, std::pair<Span<const uint8_t>, std::weak_ptr<const void>>> shared_;

  // The file as it is.
  std::string identity_;
  std::shared_ptr<const MappedFile> file_;
  std::map<PackedKey, FileEntry> entries_;
  std::map<Digest, FilePlace> places_;
  uint64_t hash_seed_ = 0;
  // Its successor, while it is written.
  std::unique_ptr<NewFile> successor_;
  std::vector<PackedEntry> added_;
  // Writing failed in this load: not tried again until the next.
  bool gave_up_ = false;
  std::string message_;
};

} // namespace xnnir
