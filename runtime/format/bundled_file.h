// A .bpte file, checked: a .pte file with calls of its methods.
#pragma once

#include "xnnir/bundled.h"
#include "xnnir/limits.h"
#include "xnnir/span.h"
#include "xnnir/status.h"

namespace xnnir {

struct BundledFile {
  Span<const uint8_t> program;
  BundledTestCases test_cases;
};

// Whether byte 4 has "BP08".
bool is_bundled_file(Span<const uint8_t> file);

// All of the file is one flatbuffer. kInvalidProgram names the field that is wrong. The program and the
// tensors are views of the caller's bytes, which must be aligned to 16 bytes.
Result<BundledFile> read_bundled_file(Span<const uint8_t> file, const Limits &limits);

} // namespace xnnir
