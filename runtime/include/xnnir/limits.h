// How much a file may ask for. Files come from anywhere, and small ones can ask for a lot.
#pragma once

#include <cstddef>
#include <cstdint>

namespace xnnir {

// What exceeds a limit is refused with kOutOfResources, which names the limit.
struct Limits {
  // Memory for the tables of a file once they are decoded: values, instructions, lists, names. Tables and
  // lists can be shared within a file, so a short file can stand for many.
  size_t max_table_bytes = size_t{1} << 30;
  // Memory for tensors: of the arenas and outputs of a method together, of each delegate (its constants,
  // packed, and tables of pointers into them included), and of each tensor whose size has no bound. Unless
  // set, as much as the machine gives.
  size_t max_tensor_bytes = PTRDIFF_MAX;
};

} // namespace xnnir
