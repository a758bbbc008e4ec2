// Where the time of a run goes, by instruction and by node inside a delegate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace xnnir {

// An instruction or a node, and what it took in one execute().
struct ProfileEvent {
  // The operator: "aten::view_copy.out", or XNNPACK's own name of the node ("Convolution (NHWC, F32) IGEMM").
  std::string name;
  // Where it stands in the user's model ("features.3.conv.0 (model.py:12)"); empty when the file does not
  // say.
  std::string location;
  // Index of the instruction in the method, and of the node in its delegate (-1 for the instruction itself).
  int32_t instruction = 0;
  int32_t node = -1;
  // Sums over the times that it ran: more than one in a loop. XNNPACK counts nodes in whole microseconds.
  uint64_t nanoseconds = 0;
  // Bytes of the tensors that it reads and writes, weights among them, each counted once; 0 where that is not
  // known. A delegate's are those of its nodes.
  uint64_t bytes = 0;
  uint64_t count = 1;
};

// One of the times that an event ran. Starts are counted from the start of execute(). XNNPACK measures how
// long nodes take and not when they start: they are laid one behind the other from the start of their
// delegate.
struct ProfileSpan {
  // Index among the events.
  size_t event = 0;
  uint64_t start_nanoseconds = 0;
  uint64_t nanoseconds = 0;
};

// Spans of one execute() that are kept; a loop may have more, and its later ones are only in the events'
// sums.
constexpr size_t kMaxProfileSpans = 262144;

// Called around each instruction, on the thread that executes, for the tracing of the application. Must not
// throw.
struct ProfileHooks {
  // The event has its name, location and instruction.
  void (*begin)(void *context, const ProfileEvent &event) = nullptr;
  // And the time and bytes of this run. Not called for an instruction that fails.
  void (*end)(void *context, const ProfileEvent &event) = nullptr;
  void *context = nullptr;
};

// For people: a line for each event.
std::string profile_table(const std::vector<ProfileEvent> &events);

// An array of objects: instruction, node, name, location, ns, bytes, count.
std::string profile_json(const std::vector<ProfileEvent> &events);

// What chrome://tracing and ui.perfetto.dev open: the Trace Event Format's "JSON Object Format" with complete
// events. Instructions are one track, nodes stand below theirs.
std::string profile_trace(const std::vector<ProfileEvent> &events, const std::vector<ProfileSpan> &spans);

} // namespace xnnir
