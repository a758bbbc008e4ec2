// A loaded method.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <vector>

#include "core/bindings.h"
#include "core/memory.h"
#include "core/program_state.h"
#include "xnnir/backend.h"
#include "xnnir/kernel.h"
#include "xnnir/method.h"

namespace xnnir {

// An instruction with everything looked up.
struct Step {
  InstructionKind kind = InstructionKind::kFree;
  Kernel kernel;
  Delegate *delegate = nullptr;
  std::vector<Value *> args;
  size_t index = 0;
  size_t target = 0;
};

struct OutputBinding {
  // The caller's memory; null when the output stays with the method.
  void *data = nullptr;
  size_t capacity = 0;
  // XNNPACK may read a little past the end of the caller's memory: what a delegate writes it may read again.
  bool readable_beyond = false;
  // The method's own memory.
  void *own_data = nullptr;
  size_t own_capacity = 0;
};

// Where an input was copied from.
struct InputSource {
  const uint8_t *data = nullptr;
  size_t nbytes = 0;
  // A run has had the copy since, and other values may be in its place.
  bool is_used = false;
};

struct Method::State {
  // The plan, the bytes and the threads live as long as this.
  std::shared_ptr<const Program::State> program;
  const MethodPlan *plan = nullptr;
  MethodMeta metadata;
  MethodOptions options;

  std::vector<Value> values;
  std::vector<AlignedBuffer> arenas;
  // Memory of inputs and outputs that have to stay with the method and have no place in an arena.
  std::vector<AlignedBuffer> buffers;
  // Bytes in these two, which Limits::max_tensor_bytes bounds.
  size_t memory_taken = 0;
  std::vector<std::unique_ptr<Delegate>> delegates;
  std::vector<Step> steps;

  Bindings bindings;
  std::vector<bool> input_set;
  // Memory of inputs that have to be copied; null where they are shared.
  std::vector<void *> input_data;
  std::vector<size_t> input_capacity;
  // Of those inputs, once they are set.
  std::vector<InputSource> input_sources;
  std::vector<OutputBinding> outputs;

  // What instructions replace in the value table (numbers they compute, targets of moves): each run begins
  // with what is here. Inputs are replaced here when they are set.
  std::map<size_t, Value> initial_values;

  // What a profile of the last run says.
  std::vector<ProfileEvent> events;
  std::vector<ProfileSpan> spans;
  // The place of each instruction's event among the events, and the number of its delegate's nodes.
  struct EventRange {
    size_t first = 0;
    size_t count = 0;
  };
  std::vector<EventRange> event_ranges;
  // An event for each step, but for what a run has to tell; empty when nobody asked for a profile.
  std::vector<ProfileEvent> step_events;
  std::chrono::steady_clock::time_point start;

  // method_load.cc
  Status place_tensors();
  Status init_delegates();
  Status resolve_steps();
  Status bind();
  void save_initial_values();
  bool is_delegate_argument(int32_t value) const;
  Status take_memory(const char *what, size_t index, size_t bytes);
  Status give_memory(Tensor &tensor, const char *what, size_t index);

  // Sizes of inputs that have to agree, by their places in plan->input_sizes.
  std::vector<std::pair<size_t, size_t>> size_links;

  // method_sizes.cc
  void link_sizes();
  bool is_free_number(size_t input) const;
  static int64_t size_of(const InputSize &size, const Value &value);
  Status check_sizes(size_t index, const Value &given) const;
  Status check_linked_sizes() const;

  // method_io.cc
  Status set_tensor_input(size_t index, const Tensor &given);
  void copy_input(size_t index);
  void attach_outputs();
  Status collect_outputs();

  // method_run.cc
  Status execute();
  Status run();
  Status run_step(size_t number);
  Status failed_step(size_t number, const Status &status) const;

  // method_profile.cc
  void prepare_profile();
  void begin_profile();
  Status run_profiled_step(size_t number);
  void record(const ProfileEvent &event, uint64_t start_nanoseconds);
  void add_span(size_t event, uint64_t start_nanoseconds, uint64_t nanoseconds);
};

MethodMeta make_metadata(const MethodPlan &plan);

} // namespace xnnir
