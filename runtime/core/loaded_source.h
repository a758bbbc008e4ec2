// The bytes of a Source, in memory.
#pragma once

#include <memory>
#include <string>

#include "core/memory.h"
#include "core/platform.h"
#include "xnnir/source.h"

namespace xnnir {

class LoadedSource {
public:
  // Maps, copies or takes over the bytes: aligned to 16 bytes, and safe to be read past their end.
  static Result<LoadedSource> load(const Source &source);

  Span<const uint8_t> bytes() const { return bytes_; }
  // Puts the file's name before a message about its content; bytes in memory have none.
  Status about(const Status &status) const;
  // Lets the memory of a part go, if it is a part of this and can be read again.
  void release(Span<const uint8_t> part) const;
  bool contains(Span<const uint8_t> part) const;
  // Whether bytes are a part of this, and of a file that can be told from others: where they are in it.
  bool locate(Span<const uint8_t> part, std::string &file, uint64_t &offset) const;

private:
  Span<const uint8_t> bytes_;
  std::string name_;
  std::shared_ptr<const MappedFile> file_;
  std::shared_ptr<const void> owner_;
  AlignedBuffer copy_;
};

} // namespace xnnir
