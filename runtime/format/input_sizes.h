// The sizes that a method's inputs may have: named data that this project's compiler writes.
#pragma once

#include "format/budget.h"
#include "format/method_plan.h"
#include "xnnir/status.h"

namespace xnnir {

// Named data of this name and the method's: rows of seven little-endian int64 (input, dimension, scale,
// symbol, offset, smallest, largest).
constexpr const char *kInputSizesKey = "xnnir.sizes.";

// Fills in method.input_sizes. kInvalidProgram for rows that do not fit the method's inputs.
Status read_input_sizes(Span<const uint8_t> rows, MethodPlan &method, TableBudget &budget);

} // namespace xnnir
