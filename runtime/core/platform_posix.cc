#include "core/platform.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

#include "core/memory.h"

namespace xnnir {

namespace {

class PosixMapping final : public MappedFile {
public:
  PosixMapping(void *address, size_t mapped, size_t size) : address_(address), mapped_(mapped), size_(size) {}
  PosixMapping(const PosixMapping &) = delete;
  PosixMapping &operator=(const PosixMapping &) = delete;
  ~PosixMapping() override { munmap(address_, mapped_); }

  Span<const uint8_t> bytes() const override { return {static_cast<const uint8_t *>(address_), size_}; }

private:
  void *address_;
  size_t mapped_;
  size_t size_;
};

struct Descriptor {
  explicit Descriptor(int number) : number(number) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() {
    if (number >= 0)
      close(number);
  }
  int number;
};

} // namespace

Result<std::shared_ptr<const MappedFile>> map_file(const std::string &path) {
  if (path.find('\0') != std::string::npos)
    return make_status(StatusCode::kInvalidArgument, "the path has a null character, after '%s'",
                       path.c_str());
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number < 0)
    return make_status(errno == ENOENT || errno == ENOTDIR ? StatusCode::kNotFound
                                                           : StatusCode::kAccessFailed,
                       "cannot open '%s': %s", path.c_str(), std::strerror(errno));
  struct stat info = {};
  if (fstat(file.number, &info) != 0)
    return make_status(StatusCode::kAccessFailed, "cannot read the size of '%s': %s", path.c_str(),
                       std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    return make_status(StatusCode::kAccessFailed, "cannot load '%s': it is not a regular file", path.c_str());
  if (info.st_size == 0)
    return make_status(StatusCode::kInvalidProgram, "'%s' is empty", path.c_str());

  // Anonymous memory first, the file over its beginning: the bytes behind the file then are readable too.
  const size_t size = static_cast<size_t>(info.st_size);
  const size_t page = page_size();
  const size_t mapped = (size + kOverReadBytes + page - 1) / page * page;
  void *address = mmap(nullptr, mapped, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED)
    return make_status(StatusCode::kMemoryAllocationFailed,
                       "cannot reserve %zu bytes of addresses for '%s': %s", mapped, path.c_str(),
                       std::strerror(errno));
  if (mmap(address, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.number, 0) == MAP_FAILED) {
    const int reason = errno;
    munmap(address, mapped);
    return make_status(StatusCode::kAccessFailed, "cannot map '%s': %s", path.c_str(), std::strerror(reason));
  }
  // Weights are read from end to end while they are packed. A refused hint costs nothing.
  madvise(address, size, MADV_WILLNEED);
  return std::shared_ptr<const MappedFile>(std::make_shared<PosixMapping>(address, mapped, size));
}

int process_id() { return static_cast<int>(getpid()); }

size_t page_size() {
  static const size_t size = static_cast<size_t>(std::max(sysconf(_SC_PAGESIZE), 4096L));
  return size;
}

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
