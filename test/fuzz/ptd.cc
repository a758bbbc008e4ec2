// The reader of .ptd files: any bytes are named data, or refused.
#include "format/data_file.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  xnnir::fuzz::expect_message(xnnir::read_data_file({data, size}, {}).status());
  return 0;
}
