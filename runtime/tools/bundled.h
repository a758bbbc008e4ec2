// Runs the calls that a .bpte file has for a method, and compares what it gives.
#pragma once

#include <string>
#include <vector>

#include "xnnir/program.h"

namespace xnnir {

// As torch.allclose has them: |got - expected| <= atol + rtol * |expected|.
struct Tolerance {
  double rtol = 1e-5;
  double atol = 1e-8;
};

struct TestCaseResult {
  // Outputs that were compared; 0 where the file does not say what they should be.
  size_t compared = 0;
  // Over all outputs; infinity where one is a NaN and the other is not.
  double largest_difference = 0;
  // What is wrong; empty when nothing is.
  std::string failure;
};

// kNotFound when the file has none for this method, or none numbered `only`; -1 for all. A case that cannot
// be run fails, and the others go on.
Result<std::vector<TestCaseResult>> run_test_cases(const Program &program, Method &method, int only,
                                                   const Tolerance &tolerance);

} // namespace xnnir
