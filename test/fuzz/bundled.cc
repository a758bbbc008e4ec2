// The reader of .bpte files: any bytes are a program with test cases, or refused.
#include "format/bundled_file.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // The first bytes, where few would get by themselves.
  if (xnnir::is_bundled_file({data, size}))
    xnnir::fuzz::expect_message(xnnir::read_bundled_file({data, size}, {}).status());
  return 0;
}
