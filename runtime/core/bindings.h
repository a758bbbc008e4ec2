// Which inputs and outputs of a method can live in the caller's memory instead of the method's arenas.
#pragma once

#include <cstddef>
#include <vector>

#include "format/method_plan.h"

namespace xnnir {

struct Bindings {
  // One for each input or output: true when the tensor's data may point to the caller's memory while the
  // method runs; false when bytes have to be copied.
  std::vector<bool> share_input;
  std::vector<bool> share_output;
};

// A planned tensor can be moved out of its arena only when nothing else counts on it being there. Files elide
// views: two tensors then have the same place, and no instruction says that one is the other. Such a view is
// seen by its being read before any instruction has written it. `delegate_inputs` has Delegate::num_inputs()
// of each delegate.
Bindings plan_bindings(const MethodPlan &plan, const std::vector<size_t> &delegate_inputs);

} // namespace xnnir
