// NumPy's .npy files: one array each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xnnir/status.h"
#include "xnnir/tensor.h"

namespace xnnir {

struct NpyArray {
  ScalarType dtype = ScalarType::kFloat;
  std::vector<int32_t> sizes;
  // Dense in C order.
  std::vector<uint8_t> bytes;
};

// Format versions 1 to 3, little-endian elements of the runtime's dtypes, C or Fortran order. Whatever the
// file says, nothing outside it is read and nothing larger than it allocated: kInvalidArgument names what is
// wrong.
Result<NpyArray> read_npy(const std::string &path);
// The same for a file's bytes.
Result<NpyArray> parse_npy(const std::vector<uint8_t> &file);

// Distance in elements, by logical dimension, from one index to the next.
std::vector<size_t> dense_strides(const Tensor &tensor);
// The tensor's bytes in C order of its logical sizes.
std::vector<uint8_t> in_c_order(const Tensor &tensor);

// Writes the tensor in C order of its logical sizes. bfloat16, which NumPy lacks, is written as float32.
Status write_npy(const std::string &path, const Tensor &tensor);

} // namespace xnnir
