// Files may be longer than addresses are.
#define _FILE_OFFSET_BITS 64
#include "core/platform.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <thread>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

#include "core/memory.h"

namespace xnnir {

namespace {

size_t round_up(size_t size, size_t multiple) { return (size + multiple - 1) / multiple * multiple; }

class PosixMapping final : public MappedFile {
public:
  // `bytes` lie in the mapping.
  PosixMapping(void *address, size_t mapped, Span<const uint8_t> bytes, std::string identity, uint64_t offset)
      : address_(address), mapped_(mapped), bytes_(bytes), identity_(std::move(identity)), offset_(offset) {}
  PosixMapping(const PosixMapping &) = delete;
  PosixMapping &operator=(const PosixMapping &) = delete;
  ~PosixMapping() override { munmap(address_, mapped_); }

  Span<const uint8_t> bytes() const override { return bytes_; }
  const std::string &identity() const override { return identity_; }
  uint64_t offset() const override { return offset_; }

  void release(Span<const uint8_t> part) const override {
    const uintptr_t page = page_size();
    const uintptr_t begin = round_up(reinterpret_cast<uintptr_t>(part.begin()), page);
    const uintptr_t end = reinterpret_cast<uintptr_t>(part.end()) / page * page;
    if (begin < end && part.begin() >= bytes_.begin() && part.end() <= bytes_.end())
      madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
  }

private:
  void *address_;
  size_t mapped_;
  Span<const uint8_t> bytes_;
  std::string identity_;
  uint64_t offset_;
};

class PosixPages final : public Pages {
public:
  PosixPages(void *address, size_t size) : bytes_(static_cast<uint8_t *>(address), size) {}
  PosixPages(const PosixPages &) = delete;
  PosixPages &operator=(const PosixPages &) = delete;
  ~PosixPages() override { munmap(bytes_.data(), bytes_.size()); }

  Span<uint8_t> bytes() const override { return bytes_; }

  void populate([[maybe_unused]] Span<uint8_t> part) const override {
#ifdef MADV_POPULATE_WRITE
    const uintptr_t page = page_size();
    const uintptr_t begin = reinterpret_cast<uintptr_t>(part.begin()) / page * page;
    const uintptr_t end = round_up(reinterpret_cast<uintptr_t>(part.end()), page);
    madvise(reinterpret_cast<void *>(begin), end - begin, MADV_POPULATE_WRITE);
#endif
  }

  void make_read_only() const override { mprotect(bytes_.data(), bytes_.size(), PROT_READ); }

private:
  Span<uint8_t> bytes_;
};

struct Descriptor {
  explicit Descriptor(int number) : number(number) {}
  Descriptor(Descriptor &&other) noexcept : number(std::exchange(other.number, -1)) {}
  Descriptor &operator=(Descriptor &&) = delete;
  ~Descriptor() {
    if (number >= 0)
      close(number);
  }
  int number;
};

#ifdef __APPLE__
const timespec &modified(const struct stat &info) { return info.st_mtimespec; }
const timespec &changed(const struct stat &info) { return info.st_ctimespec; }
#else
const timespec &modified(const struct stat &info) { return info.st_mtim; }
const timespec &changed(const struct stat &info) { return info.st_ctim; }
#endif

std::string identity_of(const struct stat &info) {
  std::string text =
      std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + ":" + std::to_string(info.st_size);
  for (const timespec &time : {modified(info), changed(info)})
    text += ":" + std::to_string(time.tv_sec) + "." + std::to_string(time.tv_nsec);
  return text;
}

// Whether the clock that file times come from has moved on since the last change. It ticks a hundred times a
// second or more, but file systems that do not store fractions round to two seconds.
bool is_settled(const struct stat &info) {
  timespec now = {};
  clock_gettime(CLOCK_REALTIME, &now);
  const auto milliseconds = [](const timespec &time) {
    return static_cast<int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1000000;
  };
  const int64_t margin = modified(info).tv_nsec == 0 && changed(info).tv_nsec == 0 ? 3000 : 100;
  return std::max(milliseconds(modified(info)), milliseconds(changed(info))) + margin < milliseconds(now);
}

Status check_path(const std::string &path) {
  if (path.find('\0') != std::string::npos)
    return make_status(StatusCode::kInvalidArgument, "the path has a null character, after '%s'",
                       path.c_str());
  return {};
}

// `name` is for messages.
Result<std::shared_ptr<const MappedFile>> map_part(int descriptor, uint64_t offset, uint64_t wanted,
                                                   const char *name) {
  struct stat info = {};
  if (fstat(descriptor, &info) != 0)
    return make_status(StatusCode::kAccessFailed, "cannot read the size of %s: %s", name,
                       std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    return make_status(StatusCode::kAccessFailed, "cannot load %s: it is not a regular file", name);
  const uint64_t file_size = static_cast<uint64_t>(info.st_size);
  if (file_size == 0)
    return make_status(StatusCode::kInvalidProgram, "%s is empty", name);
  if (offset >= file_size || wanted > file_size - offset)
    return make_status(StatusCode::kInvalidArgument,
                       "%s has %llu bytes, but %llu at offset %llu were asked for", name,
                       static_cast<unsigned long long>(file_size), static_cast<unsigned long long>(wanted),
                       static_cast<unsigned long long>(offset));

  // Mappings begin at pages. Anonymous memory first, the file over its beginning: the bytes behind the file
  // then are readable too.
  const size_t page = page_size();
  const size_t before = static_cast<size_t>(offset % page);
  const uint64_t part = wanted != 0 ? wanted : file_size - offset;
  if (part > SIZE_MAX / 2)
    return make_status(StatusCode::kMemoryAllocationFailed,
                       "cannot map %llu bytes of %s: addresses of this process have %zu bits",
                       static_cast<unsigned long long>(part), name, sizeof(void *) * 8);
  const size_t size = static_cast<size_t>(part);
  const size_t mapped = round_up(before + size + kOverReadBytes, page);
  void *address = mmap(nullptr, mapped, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED)
    return make_status(StatusCode::kMemoryAllocationFailed,
                       "cannot reserve %zu bytes of addresses for %s: %s", mapped, name,
                       std::strerror(errno));
  if (mmap(address, before + size, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor,
           static_cast<off_t>(offset - before)) == MAP_FAILED) {
    const int reason = errno;
    munmap(address, mapped);
    return make_status(StatusCode::kAccessFailed, "cannot map %s: %s", name, std::strerror(reason));
  }
  // Weights are read from end to end while they are packed. A refused hint costs nothing.
  madvise(address, before + size, MADV_WILLNEED);
  return std::shared_ptr<const MappedFile>(std::make_shared<PosixMapping>(
      address, mapped, Span<const uint8_t>(static_cast<const uint8_t *>(address) + before, size),
      is_settled(info) ? identity_of(info) : std::string(), offset));
}

// "<path>.<process>-<number>.new": held locked by the process that writes it.
constexpr char kNewSuffix[] = ".new";
// To have a file that no other process takes for abandoned.
constexpr int kMaxAttempts = 100;

void remove_abandoned(const std::string &path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string prefix = path.substr(slash == std::string::npos ? 0 : slash + 1) + ".";
  DIR *entries = opendir(folder.c_str());
  if (entries == nullptr)
    return;
  while (const dirent *entry = readdir(entries)) {
    const std::string name = entry->d_name;
    if (name.compare(0, prefix.size(), prefix) != 0 || name.size() < prefix.size() + sizeof(kNewSuffix) ||
        name.compare(name.size() - sizeof(kNewSuffix) + 1, std::string::npos, kNewSuffix) != 0)
      continue;
    const std::string middle =
        name.substr(prefix.size(), name.size() - prefix.size() - sizeof(kNewSuffix) + 1);
    if (middle.find_first_not_of("0123456789-") != std::string::npos)
      continue;
    const std::string found = slash == std::string::npos ? name : folder + name;
    const Descriptor file(open(found.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.number >= 0 && flock(file.number, LOCK_EX | LOCK_NB) == 0)
      unlink(found.c_str());
  }
  closedir(entries);
}

class PosixNewFile final : public NewFile {
public:
  PosixNewFile(Descriptor file, std::string path, std::string name)
      : file_(std::move(file)), path_(std::move(path)), name_(std::move(name)) {}
  ~PosixNewFile() override {
    if (!published_)
      unlink(name_.c_str());
  }

  uint64_t size() const override { return size_; }

  Result<std::shared_ptr<const Pages>> append(size_t size) override {
    XNNIR_RETURN_IF_ERROR(grow(size_ + size));
    void *address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file_.number,
                         static_cast<off_t>(size_ - size));
    if (address == MAP_FAILED)
      return make_status(StatusCode::kOutOfResources, "cannot map %zu bytes of '%s': %s", size, name_.c_str(),
                         std::strerror(errno));
    return std::shared_ptr<const Pages>(std::make_shared<PosixPages>(address, size));
  }

  Status write(uint64_t offset, Span<const uint8_t> bytes) override {
    if (offset + bytes.size() > size_)
      XNNIR_RETURN_IF_ERROR(grow(offset + bytes.size()));
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t count =
          pwrite(file_.number, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR)
        continue;
      if (count <= 0)
        return failed("write", errno);
      done += static_cast<size_t>(count);
    }
    return {};
  }

  Status publish() override {
    if (rename(name_.c_str(), path_.c_str()) != 0)
      return make_status(StatusCode::kAccessFailed, "cannot rename '%s' to '%s': %s", name_.c_str(),
                         path_.c_str(), std::strerror(errno));
    published_ = true;
    return {};
  }

private:
  Status failed(const char *action, int reason) const {
    const bool full = reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
    return make_status(full ? StatusCode::kOutOfResources : StatusCode::kAccessFailed, "cannot %s '%s': %s",
                       action, name_.c_str(), std::strerror(reason));
  }

  Status grow(uint64_t size) {
    // Beyond its limit a process does not get an error but a signal that ends it.
    rlimit limit = {};
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && size > limit.rlim_cur)
      return failed("write", EFBIG);
#if defined(__APPLE__)
    // No posix_fallocate: writing takes the space.
    const std::vector<uint8_t> zeros(1 << 16);
    for (uint64_t at = size_; at < size;) {
      const size_t count = static_cast<size_t>(std::min<uint64_t>(zeros.size(), size - at));
      const ssize_t written = pwrite(file_.number, zeros.data(), count, static_cast<off_t>(at));
      if (written < 0 && errno != EINTR)
        return failed("write", errno);
      at += static_cast<uint64_t>(std::max<ssize_t>(written, 0));
    }
#else
    int reason = 0;
    do {
      reason = posix_fallocate(file_.number, static_cast<off_t>(size_), static_cast<off_t>(size - size_));
    } while (reason == EINTR);
    if (reason != 0)
      return failed("write", reason);
#endif
    size_ = size;
    return {};
  }

  Descriptor file_;
  std::string path_;
  std::string name_;
  uint64_t size_ = 0;
  bool published_ = false;
};

} // namespace

Result<std::shared_ptr<const MappedFile>> map_file(const std::string &path) {
  XNNIR_RETURN_IF_ERROR(check_path(path));
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number < 0)
    return make_status(errno == ENOENT || errno == ENOTDIR ? StatusCode::kNotFound
                                                           : StatusCode::kAccessFailed,
                       "cannot open '%s': %s", path.c_str(), std::strerror(errno));
  return map_part(file.number, 0, 0, ("'" + path + "'").c_str());
}

Result<std::shared_ptr<const MappedFile>> map_descriptor(int descriptor, uint64_t offset, uint64_t size) {
  return map_part(descriptor, offset, size, ("the file of descriptor " + std::to_string(descriptor)).c_str());
}

Result<std::shared_ptr<const Pages>> allocate_pages(size_t size) {
  const size_t mapped = round_up(std::max<size_t>(size, 1), page_size());
  void *address = size > mapped
                      ? MAP_FAILED
                      : mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED)
    return make_status(StatusCode::kMemoryAllocationFailed, "not enough memory for %zu bytes", size);
  return std::shared_ptr<const Pages>(std::make_shared<PosixPages>(address, mapped));
}

Result<std::unique_ptr<NewFile>> create_file(const std::string &path) {
  XNNIR_RETURN_IF_ERROR(check_path(path));
  struct stat info = {};
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return make_status(StatusCode::kAccessFailed, "'%s' is %s, expected a file or nothing", path.c_str(),
                       S_ISDIR(info.st_mode) ? "a folder" : "not a regular file");
  remove_abandoned(path);
  static std::atomic<unsigned> counter{0};
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const std::string name =
        path + "." + std::to_string(getpid()) + "-" + std::to_string(counter++) + kNewSuffix;
    Descriptor file(open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (file.number < 0)
      return make_status(StatusCode::kAccessFailed, "cannot create '%s': %s", name.c_str(),
                         std::strerror(errno));
    // Until it is locked, another process may take it for abandoned: it locks and removes it.
    while (flock(file.number, LOCK_EX) != 0 && errno == EINTR) {
    }
    struct stat made = {};
    if (fstat(file.number, &made) != 0 || made.st_nlink > 0)
      return std::unique_ptr<NewFile>(std::make_unique<PosixNewFile>(std::move(file), path, name));
  }
  return make_status(StatusCode::kAccessFailed, "cannot create a file beside '%s': others remove it",
                     path.c_str());
}

std::string file_identity(const std::string &path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0)
    return {};
  return identity_of(info);
}

int process_id() { return static_cast<int>(getpid()); }

size_t page_size() {
  static const size_t size = static_cast<size_t>(std::max(sysconf(_SC_PAGESIZE), 4096L));
  return size;
}

size_t file_unit() { return page_size(); }

size_t usable_cpu_count() {
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return static_cast<size_t>(std::max(CPU_COUNT(&set), 1));
#endif
  return std::max(std::thread::hardware_concurrency(), 1u);
}

} // namespace xnnir
