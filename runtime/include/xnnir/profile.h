// Timings of one run, by instruction and by node inside a delegate.
#pragma once

#include <cstdint>
#include <string>

namespace xnnir {

struct ProfileEvent {
  // The operator: "aten::view_copy.out", or XNNPACK's own name of the node ("Convolution (NHWC, F32) IGEMM").
  std::string name;
  // Where it stands in the user's model ("features.3.conv.0 (model.py:12)"); empty when the file does not
  // say.
  std::string location;
  // Index of the instruction in the method, and of the node in its delegate (-1 for the instruction itself).
  int32_t instruction = 0;
  int32_t node = -1;
  uint64_t nanoseconds = 0;
};

} // namespace xnnir
