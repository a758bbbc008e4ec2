// Calls that a .bpte file carries beside its program: what a method is given, and what it should give.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "xnnir/value.h"

namespace xnnir {

// Tensors are views of the file's bytes, for as long as a handle of the program lives.
struct BundledTestCase {
  std::vector<Value> inputs;
  // Empty where the file does not say.
  std::vector<Value> expected_outputs;
};

// By name of the method.
using BundledTestCases = std::map<std::string, std::vector<BundledTestCase>>;

} // namespace xnnir
