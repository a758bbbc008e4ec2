// One delegate of a method: binds the method's tensors to an XNNPACK runtime and runs it.
#pragma once

#include <vector>

#include "backends/xnnpack/compile.h"
#include "backends/xnnpack/dynamic_rows.h"
#include "backends/xnnpack/profile.h"
#include "backends/xnnpack/program_state.h"
#include "backends/xnnpack/shapes.h"
#include "xnnir/backend.h"

namespace xnnir {

class XnnpackDelegate final : public Delegate {
public:
  // Reads, checks, simplifies and compiles the blob, which may have the first `kinds` kinds of node.
  static Result<std::unique_ptr<Delegate>> create(const BackendInitContext &context, Span<const uint8_t> blob,
                                                  size_t kinds);
  ~XnnpackDelegate() override;

  // Reshapes only when the shape of an input differs from the last call's, and binds pointers only when one
  // differs. XNNPACK reads inputs and writes outputs in place, except inputs that it may not over-read
  // (over_read.h).
  Status execute(Span<Value *> args) override;
  size_t num_inputs() const override;
  std::vector<ProfileEvent> profile_events() const override;
  // Where its packed weights came from.
  const PackedWeights &weights() const { return compiled_.weights; }

private:
  struct Binding {
    // In graph_.values and shapes_.
    uint32_t value = 0;
    void *data = nullptr;
    // An input's copy with slack, where it needs one.
    PaddedBuffer padded;
    // Indices of ArgMaxPooling2d: XNNPACK writes int32, PyTorch has int64.
    bool is_index = false;
  };

  XnnpackDelegate() = default;

  Status run(Span<Value *> args);
  Status check_args(Span<Value *> args) const;
  Status check_tensor(size_t external, const Tensor &tensor) const;
  // Takes the inputs' shapes over; `changed` says whether one differs.
  Status read_input_shapes(Span<Value *> args, bool &changed);
  Status reshape();
  Status resize_outputs(Span<Value *> args) const;
  // Fills in data pointers; `changed` says whether one differs.
  Status bind(Span<Value *> args, bool &changed);
  Status setup();

  DelegateGraph graph_;
  std::vector<Shape> shapes_;
  std::vector<Binding> bindings_;
  std::vector<xnn_external_value> external_values_;
  DynamicRows dynamic_rows_;
  std::shared_ptr<XnnpackProgramState> state_;
  std::shared_ptr<SharedWorkspace> workspace_;
  CompiledGraph compiled_;
  Profile profile_;
  // Whether the runtime has the shapes in shapes_, and the pointers in bindings_.
  bool shaped_ = false;
  bool bound_ = false;
  // The workspace's generation when the pointers were set.
  uint64_t generation_ = 0;
};

} // namespace xnnir
