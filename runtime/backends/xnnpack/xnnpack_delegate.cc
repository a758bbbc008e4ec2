#include "backends/xnnpack/xnnpack_delegate.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "backends/xnnpack/allocator.h"
#include "backends/xnnpack/datatypes.h"
#include "backends/xnnpack/simplify.h"

namespace xnnir {
namespace {

// Sizes in the order they lie in memory. Scalars are [1], as blobs write them. False above XNNPACK's rank.
bool physical_shape(const Tensor &tensor, Shape *shape) {
  if (tensor.rank() > kMaxDelegateRank)
    return false;
  shape->rank = tensor.rank();
  for (size_t i = 0; i < shape->rank; ++i)
    shape->sizes[i] = static_cast<size_t>(tensor.sizes()[tensor.dim_order()[i]]);
  if (shape->rank == 0)
    *shape = {1, {1}};
  return true;
}

std::string name(const Tensor &tensor) {
  Shape shape;
  shape.rank = std::min(tensor.rank(), kMaxDelegateRank);
  for (size_t i = 0; i < shape.rank; ++i)
    shape[i] = static_cast<size_t>(tensor.sizes()[i]);
  return std::string(to_string(tensor.dtype())) + to_string(shape);
}

// In place, so from the end.
void widen(const Tensor &tensor) {
  auto *bytes = tensor.data_as<unsigned char>();
  for (size_t i = tensor.numel(); i-- > 0;) {
    int32_t narrow = 0;
    std::memcpy(&narrow, bytes + i * sizeof narrow, sizeof narrow);
    const int64_t wide = narrow;
    std::memcpy(bytes + i * sizeof wide, &wide, sizeof wide);
  }
}

} // namespace

Result<std::unique_ptr<Delegate>> XnnpackDelegate::create(const BackendInitContext &context,
                                                          Span<const uint8_t> blob, size_t kinds) {
  XNNIR_RETURN_IF_ERROR(initialize_xnnpack());
  Result<DelegateGraph> read = read_delegate(blob, *context.named_data, kinds, context.max_bytes);
  if (!read.ok())
    return read.status();
  std::unique_ptr<XnnpackDelegate> delegate(new XnnpackDelegate);
  DelegateGraph &graph = delegate->graph_ = std::move(*read);
  for (const DelegateNode &node : graph.nodes)
    XNNIR_RETURN_IF_ERROR(check_datatypes(graph, node));
  simplify(graph);
  delegate->shapes_ = declared_shapes(graph);
  if (const Status status = infer_shapes(graph, delegate->shapes_); !status.ok())
    return Status(status.code() == StatusCode::kOutOfResources ? status.code() : StatusCode::kInvalidProgram,
                  status.message());

  // A delegate that is made without a program shares with nobody.
  delegate->state_ = context.state != nullptr ? std::static_pointer_cast<XnnpackProgramState>(context.state)
                                              : std::make_shared<XnnpackProgramState>(BackendOptions());
  Result<std::shared_ptr<SharedWorkspace>> workspace = delegate->state_->workspace();
  if (!workspace.ok())
    return workspace.status();
  delegate->workspace_ = *workspace;
  CompileOptions options;
  options.threads = context.threads;
  options.pool = delegate->state_->pool();
  options.sources = context.sources;
  options.workspace = delegate->workspace_->handle.get();
  options.profile = context.profile;
  Result<CompiledGraph> compiled = [&] {
    const std::lock_guard<std::mutex> lock(delegate->workspace_->mutex);
    return compile(graph, delegate->shapes_, options);
  }();
  if (!compiled.ok())
    return compiled.status();
  delegate->compiled_ = std::move(*compiled);
  delegate->state_->count(delegate->compiled_.weights);
  if (context.profile)
    delegate->profile_ = Profile(graph, delegate->compiled_.runtime.get());

  delegate->bindings_.resize(graph.externals.size());
  delegate->external_values_.resize(graph.externals.size());
  for (size_t e = 0; e < graph.externals.size(); ++e) {
    delegate->bindings_[e].value = graph.externals[e];
    delegate->external_values_[e].id = static_cast<uint32_t>(e);
  }
  for (const DelegateNode &node : graph.nodes)
    if (node.kind == NodeKind::kArgMaxPooling2d)
      delegate->bindings_[graph.values[node.outputs[1]].external_id].is_index = true;
  delegate->dynamic_rows_ = DynamicRows(graph, delegate->shapes_);
  return std::unique_ptr<Delegate>(std::move(delegate));
}

XnnpackDelegate::~XnnpackDelegate() {
  if (workspace_ == nullptr)
    return;
  // The workspace has a list of its runtimes.
  const std::lock_guard<std::mutex> lock(workspace_->mutex);
  compiled_.runtime.reset();
}

Status XnnpackDelegate::execute(Span<Value *> args) {
  XNNIR_RETURN_IF_ERROR(check_args(args));
  const std::lock_guard<std::mutex> lock(workspace_->mutex);
  static_cast<void>(ran_out_of_memory());
  const Status status = run(args);
  if (!ran_out_of_memory())
    return status;
  shaped_ = false;
  return make_status(StatusCode::kMemoryAllocationFailed, "not enough memory to run the delegate");
}

Status XnnpackDelegate::run(Span<Value *> args) {
  bool reshaped = false;
  XNNIR_RETURN_IF_ERROR(read_input_shapes(args, reshaped));
  if (reshaped || !shaped_) {
    shaped_ = false;
    bound_ = false;
    XNNIR_RETURN_IF_ERROR(infer_shapes(graph_, shapes_));
    XNNIR_RETURN_IF_ERROR(dynamic_rows_.check(graph_, shapes_));
    XNNIR_RETURN_IF_ERROR(resize_outputs(args));
    ++workspace_->generation;
    XNNIR_RETURN_IF_ERROR(reshape());
    shaped_ = true;
  } else {
    XNNIR_RETURN_IF_ERROR(resize_outputs(args));
  }
  bool moved = false;
  XNNIR_RETURN_IF_ERROR(bind(args, moved));
  if (moved || !bound_ || generation_ != workspace_->generation) {
    bound_ = false;
    XNNIR_RETURN_IF_ERROR(setup());
    bound_ = true;
    generation_ = workspace_->generation;
  }
  if (const xnn_status status = xnn_invoke_runtime(compiled_.runtime.get()); status != xnn_status_success)
    return make_status(StatusCode::kInternal, "XNNPACK failed to run the delegate: %s", to_string(status));
  for (size_t e = 0; e < bindings_.size(); ++e)
    if (const auto &tensor = std::get<Tensor>(*args[e]);
        bindings_[e].is_index && tensor.dtype() == ScalarType::kLong)
      widen(tensor);
  return {};
}

size_t XnnpackDelegate::num_inputs() const {
  size_t count = 0;
  while (count < bindings_.size() && graph_.values[bindings_[count].value].is_input)
    ++count;
  // Writers put inputs first; other orders are possible, and have no such number.
  for (size_t e = count; e < bindings_.size(); ++e)
    if (graph_.values[bindings_[e].value].is_input)
      return SIZE_MAX;
  return count;
}

std::vector<ProfileEvent> XnnpackDelegate::profile_events() const {
  return bound_ ? profile_.events(compiled_.runtime.get(), graph_, shapes_) : std::vector<ProfileEvent>();
}

Status XnnpackDelegate::check_args(Span<Value *> args) const {
  if (args.size() != bindings_.size())
    return make_status(StatusCode::kInvalidProgram, "the delegate call has %zu arguments, expected %zu",
                       args.size(), bindings_.size());
  for (size_t e = 0; e < args.size(); ++e) {
    const auto *tensor = std::get_if<Tensor>(args[e]);
    if (tensor == nullptr)
      return make_status(StatusCode::kInvalidArgument, "delegate argument %zu is of kind %s, expected tensor",
                         e, kind_of(*args[e]));
    XNNIR_RETURN_IF_ERROR(check_tensor(e, *tensor));
  }
  return {};
}

Status XnnpackDelegate::check_tensor(size_t external, const Tensor &tensor) const {
  const Binding &binding = bindings_[external];
  const Datatype datatype = graph_.values[binding.value].datatype;
  const bool fits = binding.is_index
                        ? tensor.dtype() == ScalarType::kLong || tensor.dtype() == ScalarType::kInt
                        : accepts(datatype, tensor.dtype());
  if (!fits)
    return make_status(StatusCode::kInvalidArgument, "delegate argument %zu is %s, expected dtype %s",
                       external, name(tensor).c_str(),
                       to_string(binding.is_index ? ScalarType::kLong : preferred_dtype(datatype)));
  if (graph_.values[binding.value].is_output && tensor.read_only())
    return make_status(
        StatusCode::kInvalidArgument,
        "delegate argument %zu is an output, but its memory is a constant's or the caller's input, "
        "which must not be written",
        external);
  return {};
}

Status XnnpackDelegate::read_input_shapes(Span<Value *> args, bool &changed) {
  for (size_t e = 0; e < bindings_.size(); ++e) {
    const DelegateValue &value = graph_.values[bindings_[e].value];
    if (!value.is_input)
      continue;
    const auto &tensor = std::get<Tensor>(*args[e]);
    Shape shape;
    const bool known_rank = physical_shape(tensor, &shape);
    if (tensor.rank() == 0 && value.shape.rank == 0)
      shape.rank = 0;
    if (!known_rank || shape.rank != value.shape.rank)
      return make_status(StatusCode::kInvalidArgument, "delegate argument %zu is %s, expected rank %zu", e,
                         name(tensor).c_str(), value.shape.rank);
    if (shape == shapes_[bindings_[e].value])
      continue;
    if (tensor.numel() == 0)
      return make_status(StatusCode::kNotSupported,
                         "delegate argument %zu is %s, which has no elements: XNNPACK takes no empty tensors",
                         e, name(tensor).c_str());
    shapes_[bindings_[e].value] = shape;
    // Stays so if this call fails: the runtime has not seen the new shapes.
    shaped_ = false;
    changed = true;
  }
  return {};
}

Status XnnpackDelegate::reshape() {
  xnn_runtime_t runtime = compiled_.runtime.get();
  for (size_t e = 0; e < bindings_.size(); ++e) {
    const uint32_t value = bindings_[e].value;
    if (!graph_.values[value].is_input)
      continue;
    const Shape &shape = shapes_[value];
    const xnn_status status =
        xnn_reshape_external_value(runtime, static_cast<uint32_t>(e), shape.rank, shape.sizes.data());
    if (status != xnn_status_success)
      return make_status(StatusCode::kInvalidArgument,
                         "XNNPACK refused shape %s for delegate argument %zu: %s", to_string(shape).c_str(),
                         e, to_string(status));
  }
  if (const xnn_status status = xnn_reshape_runtime(runtime); status != xnn_status_success)
    return make_status(status == xnn_status_out_of_memory ? StatusCode::kMemoryAllocationFailed
                                                          : StatusCode::kInvalidArgument,
                       "XNNPACK failed to reshape the delegate: %s", to_string(status));
  // Outputs were sized by our own account of the shapes. Nothing may be written by another.
  for (size_t e = 0; e < bindings_.size(); ++e) {
    const uint32_t value = bindings_[e].value;
    if (!graph_.values[value].is_output || bindings_[e].is_index)
      continue;
    Shape shape;
    const xnn_status status =
        xnn_get_external_value_shape(runtime, static_cast<uint32_t>(e), &shape.rank, shape.sizes.data());
    if (status != xnn_status_success || shape != shapes_[value])
      return make_status(StatusCode::kInternal,
                         "XNNPACK computes shape %s for delegate argument %zu, expected %s",
                         to_string(shape).c_str(), e, to_string(shapes_[value]).c_str());
  }
  return {};
}

Status XnnpackDelegate::resize_outputs(Span<Value *> args) const {
  for (size_t e = 0; e < bindings_.size(); ++e) {
    const DelegateValue &value = graph_.values[bindings_[e].value];
    if (!value.is_output)
      continue;
    auto &tensor = std::get<Tensor>(*args[e]);
    const Shape &shape = shapes_[bindings_[e].value];
    Shape current;
    if (physical_shape(tensor, &current) && current == shape)
      continue;
    // Programs that ExecuTorch's runtime can run give [1] for a shape without dimensions, see lower-to-rt.
    if (shape.rank == 0 && current.rank == 1 && current[0] == 1)
      continue;
    if (tensor.rank() != shape.rank)
      return make_status(StatusCode::kInvalidArgument,
                         "delegate argument %zu is %s, but its output has shape %s", e, name(tensor).c_str(),
                         to_string(shape).c_str());
    std::array<int32_t, kMaxDelegateRank> sizes = {};
    for (size_t i = 0; i < shape.rank; ++i) {
      if (shape[i] > INT32_MAX)
        return make_status(StatusCode::kInvalidArgument, "delegate argument %zu would have shape %s", e,
                           to_string(shape).c_str());
      sizes[tensor.dim_order()[i]] = static_cast<int32_t>(shape[i]);
    }
    if (const Status status = tensor.resize({sizes.data(), shape.rank}); !status.ok())
      return make_status(status.code(), "delegate argument %zu: %s", e, status.message().c_str());
  }
  return {};
}

Status XnnpackDelegate::bind(Span<Value *> args, bool &changed) {
  for (size_t e = 0; e < bindings_.size(); ++e) {
    Binding &binding = bindings_[e];
    const auto &tensor = std::get<Tensor>(*args[e]);
    void *data = tensor.data();
    const size_t bytes = tensor.nbytes();
    if (data == nullptr || tensor.capacity() < bytes)
      return make_status(StatusCode::kInvalidState,
                         "delegate argument %zu has memory for %zu bytes, expected %zu", e,
                         data == nullptr ? size_t{0} : tensor.capacity(), bytes);
    const DelegateValue &value = graph_.values[binding.value];
    if (value.is_output && tensor.read_only())
      return make_status(
          StatusCode::kInvalidProgram,
          "delegate argument %zu is an output, but the tensor is a constant or an input, which must not "
          "be written",
          e);
    if (value.is_input && !over_read_is_safe(data, bytes, tensor.readable() - bytes)) {
      data = const_cast<void *>(binding.padded.copy(data, bytes));
      if (data == nullptr)
        return make_status(StatusCode::kMemoryAllocationFailed,
                           "no memory for %zu bytes of delegate argument %zu", bytes, e);
    }
    if (data == binding.data)
      continue;
    binding.data = data;
    external_values_[e].data = data;
    bound_ = false;
    changed = true;
  }
  return {};
}

Status XnnpackDelegate::setup() {
  const xnn_status status =
      xnn_setup_runtime_v2(compiled_.runtime.get(), external_values_.size(), external_values_.data());
  if (status != xnn_status_success)
    return make_status(StatusCode::kInternal, "XNNPACK failed to set the delegate's pointers: %s",
                       to_string(status));
  return {};
}

} // namespace xnnir
