// Programs that are read are loaded and run.
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  xnnir::fuzz::run_program(data, size);
  return 0;
}
