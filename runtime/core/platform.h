// What the runtime needs of the operating system. One source file a system implements it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "xnnir/span.h"
#include "xnnir/status.h"

namespace xnnir {

// A file in memory. Reading up to kOverReadBytes past its end is harmless.
class MappedFile {
public:
  virtual ~MappedFile() = default;
  virtual Span<const uint8_t> bytes() const = 0;
};

// Maps a regular file for reading. Whoever truncates the file while it is mapped kills the process when a
// page beyond the new end is read; replacing the file by renaming another over it is safe. kNotFound,
// kAccessFailed.
Result<std::shared_ptr<const MappedFile>> map_file(const std::string &path);

// Another one after a fork.
int process_id();

// Memory protection works in units of this many bytes.
size_t page_size();

// CPUs that this process may run on.
size_t usable_cpu_count();

} // namespace xnnir
