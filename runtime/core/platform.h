// What the runtime needs of the operating system. One source file a system implements it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "xnnir/span.h"
#include "xnnir/status.h"

namespace xnnir {

// A file in memory, or a part of one. Reading up to kOverReadBytes past its end is harmless.
class MappedFile {
public:
  virtual ~MappedFile() = default;
  virtual Span<const uint8_t> bytes() const = 0;
  // Lets the memory of a part of it go, as far as whole pages lie inside; reading it again brings it back.
  virtual void release(Span<const uint8_t> part) const = 0;
  // Tells the file from others, and from itself after any change of its content: device, inode, size, and the
  // times of the last changes, as build tools tell. Empty when the last change is so recent that the clock
  // might not tell it from the next.
  virtual const std::string &identity() const = 0;
  // Where bytes() begin in the file.
  virtual uint64_t offset() const = 0;
};

// Maps a regular file for reading. Whoever truncates the file while it is mapped kills the process when a
// page beyond the new end is read; replacing the file by renaming another over it is safe. kNotFound,
// kAccessFailed.
Result<std::shared_ptr<const MappedFile>> map_file(const std::string &path);

// `size` bytes at `offset` of an open file, or all from there to its end when `size` is 0. The descriptor can
// be closed afterwards. kInvalidArgument when the file has fewer bytes.
Result<std::shared_ptr<const MappedFile>> map_descriptor(int descriptor, uint64_t offset, uint64_t size);

// Memory in whole pages, zeroed, of this process or of a file.
class Pages {
public:
  virtual ~Pages() = default;
  virtual Span<uint8_t> bytes() const = 0;
  // Gets the pages of a part at once: cheaper than one by one as they are written. A hint.
  virtual void populate(Span<uint8_t> part) const = 0;
  // Writing to it is a fault from now on.
  virtual void make_read_only() const = 0;
};

// kMemoryAllocationFailed.
Result<std::shared_ptr<const Pages>> allocate_pages(size_t size);

// A file that is written beside the one that it shall become. Until publish() nobody sees it under that name,
// and when this goes, or the process dies, the old file is still there. What dead processes left behind is
// removed when the next one of the same name is made.
class NewFile {
public:
  virtual ~NewFile() = default;
  // Bytes that the file has by now.
  virtual uint64_t size() const = 0;
  // Makes room for `size` more bytes, a multiple of file_unit(), and maps them. Disk space is taken here, so
  // that writing to the memory cannot fail: kOutOfResources when there is not enough of it, or the process
  // may not write files of that size.
  virtual Result<std::shared_ptr<const Pages>> append(size_t size) = 0;
  // Writes bytes at `offset`, inside the file or at its end. kOutOfResources, kAccessFailed.
  virtual Status write(uint64_t offset, Span<const uint8_t> bytes) = 0;
  // Gives the file its name, in one step for whoever opens that; on Windows in two, where somebody has mapped
  // the file that has the name: for a moment there is none.
  virtual Status publish() = 0;
};

// kAccessFailed when no file can be made there.
Result<std::unique_ptr<NewFile>> create_file(const std::string &path);

// Tells files that stood at `path` at different times from each other; empty when there is none.
std::string file_identity(const std::string &path);

// Another one after a fork.
int process_id();

// Memory protection works in units of this many bytes.
size_t page_size();

// Parts of files are mapped in units of this many bytes, a multiple of page_size().
size_t file_unit();

// CPUs that this process may run on.
size_t usable_cpu_count();

} // namespace xnnir
