// Where the bytes of a program, or of its external data, are.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "xnnir/span.h"

namespace xnnir {

class Source {
public:
  enum class Kind : uint8_t { kFile, kDescriptor, kBuffer };

  // A file, which is mapped into memory.
  static Source file(std::string path) {
    Source source(Kind::kFile);
    source.path = std::move(path);
    return source;
  }

  // `size` bytes at `offset` of an open file, or all from there on when `size` is 0: an asset inside an
  // Android package. They are mapped; where they are not aligned to 16 bytes they are copied. The descriptor
  // is the caller's, who may close it once the program is loaded.
  static Source descriptor(int number, uint64_t offset = 0, uint64_t size = 0) {
    Source source(Kind::kDescriptor);
    source.number = number;
    source.offset = offset;
    source.size = size;
    return source;
  }

  // Bytes in memory, which must stay unchanged as long as `owner` lives; whoever loads them keeps `owner`
  // (null: the caller sees to it). They are used in place if they are aligned to 16 bytes and XNNPACK's
  // reading a few bytes past their end cannot fault, else copied.
  static Source buffer(Span<const uint8_t> bytes, std::shared_ptr<const void> owner) {
    Source source(Kind::kBuffer);
    source.bytes = bytes;
    source.owner = std::move(owner);
    return source;
  }

  Kind kind;
  std::string path;
  int number = -1;
  uint64_t offset = 0;
  uint64_t size = 0;
  Span<const uint8_t> bytes;
  std::shared_ptr<const void> owner;

private:
  explicit Source(Kind kind) : kind(kind) {}
};

} // namespace xnnir
