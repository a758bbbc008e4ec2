// Decodes and checks one method of a program.
#pragma once

#include "format/method_plan.h"
#include "format/program_file.h"

namespace xnnir::schema::program {
struct EValue;
struct ExecutionPlan;
} // namespace xnnir::schema::program

namespace xnnir {

// Messages begin with the field of ExecutionPlan that is wrong: "values[12].tensor.dim_order[1] is 7, …".
Result<MethodPlan> read_method(const ProgramFile &file, const schema::program::ExecutionPlan &plan,
                               TableBudget &budget);

// Decodes the value in slot `index` of `method`, whose arena_sizes are known. Lists are checked against
// `value_count` slots.
Status read_value(const ProgramFile &file, const schema::program::EValue &value, size_t index,
                  size_t value_count, MethodPlan &method, TableBudget &budget);

} // namespace xnnir
