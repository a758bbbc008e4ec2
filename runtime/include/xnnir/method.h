// A loaded method: set the inputs, execute, read the outputs.
#pragma once

#include <memory>
#include <vector>

#include "xnnir/method_meta.h"
#include "xnnir/profile.h"
#include "xnnir/span.h"
#include "xnnir/status.h"
#include "xnnir/value.h"

namespace xnnir {

struct MethodOptions {
  // Time every instruction, and every node inside the delegates.
  bool profile = false;
  ProfileHooks profile_hooks;
  // Instructions that one execute() may run; it fails with kOutOfResources before the next one. A file with a
  // loop that never ends is stopped so.
  uint64_t max_instructions = 100'000'000;
};

// Used by one thread at a time. Different methods, of one program too, may run at the same time.
class Method {
public:
  Method(Method &&) noexcept;
  Method &operator=(Method &&) noexcept;
  ~Method();

  const MethodMeta &metadata() const;

  // Gives input `index`. A tensor's bytes are not copied: they must stay valid and unchanged through
  // execute(), and every later one until the input is set again. (They are copied when an instruction writes
  // to the input, when other values live in its planned memory, and by XNNPACK's delegates when they end a
  // page of memory: XNNPACK reads a few bytes further, and the next page might fault.)
  //
  // kInvalidType: not the kind or dtype that the method expects. kInvalidArgument: another rank or dim_order,
  // an index out of range, or a number other than the one the method was exported with. kNotSupported: a
  // shape that the method was not exported for.
  Status set_input(size_t index, const Value &value);
  // All of them; kInvalidArgument when the number differs.
  Status set_inputs(Span<const Value> values);

  // Has output `index`, a tensor, written to the caller's memory, from now on; null goes back to the method's
  // own, where the output stays until the next execute(). kInvalidArgument when `capacity` is below
  // metadata().outputs[index].tensor.nbytes. XNNPACK may read a few bytes past the end of what it wrote:
  // where that could fault, which `slack` (readable bytes behind the capacity) can rule out, the output is
  // copied.
  Status set_output(size_t index, void *data, size_t capacity, size_t slack = 0);

  // kInvalidState when an input was never set. Messages of instructions begin with their number and operator.
  Status execute();

  // Buffers of the model, which keep their numbers from one execute() to the next, become what they were when
  // the method was loaded. Inputs have to be set again, and outputs that are the method's own are lost.
  void reset();

  // Valid until the next execute(). Tensors have the shape that the last execute() gave them.
  const Value &output(size_t index) const;

  // Of the last execute(), when options.profile was set: an event for each instruction that ran, and behind
  // it those of the delegate's nodes. What ran several times, in a loop, has one event with the sum.
  const std::vector<ProfileEvent> &profile_events() const;
  // When each of them ran, in order of time for instructions.
  const std::vector<ProfileSpan> &profile_spans() const;

private:
  friend class Program;
  struct State;
  explicit Method(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace xnnir
