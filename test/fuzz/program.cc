// The reader of .pte files: any bytes are a program, or refused.
#include "format/program_file.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const auto file = xnnir::ProgramFile::open({data, size}, xnnir::fuzz::small_limits());
  xnnir::fuzz::expect_message(file.status());
  return 0;
}
