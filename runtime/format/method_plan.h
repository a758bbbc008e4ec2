// A method of a program, decoded and checked: every index is in range, every byte range inside the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "xnnir/span.h"
#include "xnnir/value.h"

namespace xnnir {

enum class InstructionKind : uint8_t { kKernelCall, kDelegateCall, kMove, kJumpFalse, kFree };

struct InstructionPlan {
  InstructionKind kind = InstructionKind::kFree;
  // The operator of a kernel call, the delegate of a delegate call, the source of a move, the condition of a
  // jump, the value to free.
  int32_t index = 0;
  // The target of a move, the destination of a jump (the number of instructions ends the method).
  int32_t target = 0;
  // Values of a kernel or delegate call.
  std::vector<int32_t> args;
};

// Where a tensor's bytes come from.
struct TensorMemory {
  enum class Kind : uint8_t {
    // Given by the caller, or by an instruction: inputs, outputs and targets of moves.
    kNone,
    // In the file, used in place.
    kConstant,
    // In an arena, at an offset. `data` then is the initial state, empty for none.
    kPlanned,
    // In a .ptd file under the name `key`.
    kExternal,
  };
  Kind kind = Kind::kNone;
  Span<const uint8_t> data;
  size_t arena = 0;
  size_t offset = 0;
  std::string key;
};

struct DelegatePlan {
  std::string backend_id;
  Span<const uint8_t> processed;
};

// A size of an input that varies: scale * symbol + offset, from `smallest` to `largest`. A symbol is the same
// in all of them. Dimension -1 is the input itself, a number.
struct InputSize {
  size_t input = 0;
  int64_t dimension = 0;
  int64_t scale = 1;
  int64_t symbol = 0;
  int64_t offset = 0;
  int64_t smallest = 0;
  int64_t largest = 0;
};

struct MethodPlan {
  std::string name;
  // Tensors have no data yet.
  std::vector<Value> values;
  // One for each value.
  std::vector<TensorMemory> memory;
  std::vector<int32_t> inputs;
  std::vector<int32_t> outputs;
  // Where the file says which sizes the inputs may have besides their bounds (format/input_sizes.h).
  std::vector<InputSize> input_sizes;
  std::vector<InstructionPlan> instructions;
  // Where each instruction stands in the user's model; empty when the file does not say.
  std::vector<std::string> locations;
  // "aten::add.out"
  std::vector<std::string> operators;
  std::vector<DelegatePlan> delegates;
  // Bytes of each arena, the first being memory_id 1 of the file.
  std::vector<size_t> arena_sizes;
};

} // namespace xnnir
