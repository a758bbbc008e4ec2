#include "backends/xnnpack/compile.h"

#include <algorithm>
#include <mutex>
#include <new>

#include "backends/xnnpack/allocator.h"
#include "backends/xnnpack/define_values.h"
#include "backends/xnnpack/node_table.h"

namespace xnnir {
namespace {

// A code for what XNNPACK says of a graph that passed all checks.
StatusCode to_code(xnn_status status) {
  switch (status) {
  case xnn_status_out_of_memory:
    return StatusCode::kMemoryAllocationFailed;
  case xnn_status_unsupported_parameter:
  case xnn_status_unsupported_hardware:
    return StatusCode::kNotSupported;
  default:
    return StatusCode::kInvalidProgram;
  }
}

Status refused(const DelegateGraph &graph, const DelegateNode &node, const char *action, xnn_status status) {
  return make_status(to_code(status), "%s: XNNPACK refused to %s it: %s", graph.label(node).c_str(), action,
                     to_string(status));
}

Status refused(const DelegateValue &value, xnn_status status) {
  return make_status(to_code(status), "xvalues[%u]: XNNPACK refused to define it: %s", value.position,
                     to_string(status));
}

Status refused(const char *action, xnn_status status) {
  return make_status(to_code(status), "XNNPACK failed to %s: %s", action, to_string(status));
}

class Compiler {
public:
  Compiler(const DelegateGraph &graph, const std::vector<Shape> &shapes, const CompileOptions &options)
      : graph_(graph), shapes_(shapes), options_(options) {}

  Result<CompiledGraph> compile() {
    CompiledGraph compiled;
    std::deque<PaddedBuffer> packing;
    if (!place_constants(graph_, options_.sources, packing, compiled.constants, data_))
      return Status(StatusCode::kMemoryAllocationFailed, "no memory for the delegate's constants");
    Subgraph subgraph;
    XNNIR_RETURN_IF_ERROR(create_subgraph(static_cast<uint32_t>(graph_.externals.size()), subgraph));
    std::vector<uint32_t> ids(graph_.values.size(), XNN_INVALID_VALUE_ID);
    XNNIR_RETURN_IF_ERROR(define_values(subgraph.get(), ids));
    for (const DelegateNode &node : graph_.nodes) {
      const DefineFunction define = node_entry(node.kind).define;
      if (define == define_left_out)
        return make_status(StatusCode::kNotSupported,
                           "%s: this build of the runtime has no such nodes; it was made for other programs, "
                           "see XNNIR_SELECT_FROM",
                           graph_.label(node).c_str());
      if (const xnn_status status = define({subgraph.get(), node, ids}); status != xnn_status_success)
        return refused(graph_, node, "define", status);
    }

    compiled.lookup = std::make_unique<PackedLookup>();
    Result<PackedWeights> weights = pack_weights(
        graph_, data_,
        [this](const DelegateNode &node, xnn_weights_cache_t cache) { return create_alone(node, cache); },
        options_, *compiled.lookup);
    if (!weights.ok())
      return weights.status();
    compiled.weights = std::move(*weights);
    xnn_status status = create_runtime(subgraph.get(), compiled);
    if (status == xnn_status_success && compiled.lookup->mismatched()) {
      // Cannot be, as sizes were asked for. Running on would read past the end.
      compiled.lookup = std::make_unique<PackedLookup>();
      status = create_runtime(subgraph.get(), compiled);
    }
    if (status != xnn_status_success)
      return find_refused_node(status);
    return compiled;
  }

private:
  xnn_status create_runtime(xnn_subgraph_t subgraph, CompiledGraph &compiled) {
    xnn_runtime_t runtime = nullptr;
    compiled.runtime.reset();
    const xnn_status status =
        xnn_create_runtime_v4(subgraph, compiled.lookup->handle(), options_.workspace, options_.threads,
                              options_.profile ? XNN_FLAG_BASIC_PROFILING : 0, &runtime);
    compiled.runtime.reset(runtime);
    return status;
  }

  Status create_subgraph(uint32_t external_count, Subgraph &subgraph) {
    xnn_subgraph_t created = nullptr;
    const xnn_status status = xnn_create_subgraph(external_count, /*flags=*/0, &created);
    subgraph.reset(created);
    return status == xnn_status_success ? Status() : refused("create a subgraph", status);
  }

  Status define_values(xnn_subgraph_t subgraph, std::vector<uint32_t> &ids) {
    std::vector<bool> used(graph_.values.size());
    for (uint32_t index : graph_.externals)
      used[index] = true;
    for (const DelegateNode &node : graph_.nodes) {
      for (uint32_t index : node.inputs)
        used[index] = true;
      for (uint32_t index : node.outputs)
        used[index] = true;
    }
    for (uint32_t index = 0; index < graph_.values.size(); ++index) {
      const DelegateValue &value = graph_.values[index];
      if (!used[index])
        continue;
      const uint32_t flags = (value.is_input ? XNN_VALUE_FLAG_EXTERNAL_INPUT : 0u) |
                             (value.is_output ? XNN_VALUE_FLAG_EXTERNAL_OUTPUT : 0u);
      const xnn_status status =
          define_value(subgraph, value, shapes_[index], data_[index],
                       value.is_external() ? value.external_id : XNN_INVALID_VALUE_ID, flags, &ids[index]);
      if (status != xnn_status_success)
        return refused(value, status);
    }
    return {};
  }

  // XNNPACK does not say which node it could not create. Creating them one by one does.
  Status find_refused_node(xnn_status whole) {
    for (const DelegateNode &node : graph_.nodes)
      if (const xnn_status status = create_alone(node, nullptr); status != xnn_status_success)
        return refused(graph_, node, "create", status);
    return refused("create a runtime", whole);
  }

  // Creates the node's operator as the whole graph's runtime would, and deletes it. Several threads may.
  xnn_status create_alone(const DelegateNode &node, xnn_weights_cache_t cache) const {
    try {
      return create_one(node, cache);
    } catch (const std::bad_alloc &) {
      return xnn_status_out_of_memory;
    }
  }

  xnn_status create_one(const DelegateNode &node, xnn_weights_cache_t cache) const {
    xnn_subgraph_t created = nullptr;
    xnn_status status =
        xnn_create_subgraph(static_cast<uint32_t>(node.outputs.size()), /*flags=*/0, &created);
    const Subgraph subgraph(created);
    if (status != xnn_status_success)
      return status;
    // A workspace has a list of its runtimes: threads cannot share one.
    xnn_workspace_t made = nullptr;
    status = xnn_create_workspace(&made);
    const Workspace workspace(made);
    if (status != xnn_status_success)
      return status;
    std::vector<uint32_t> ids(graph_.values.size(), XNN_INVALID_VALUE_ID);
    for (uint32_t i = 0; i < node.outputs.size(); ++i) {
      const DelegateValue &value = graph_.values[node.outputs[i]];
      // Rows quantised when the graph runs cannot leave it; as an inner value the node is dropped and passes.
      const bool inner = value.quantization.kind == Quantization::Kind::kPerRow;
      define_value(subgraph.get(), value, shapes_[node.outputs[i]], nullptr, inner ? XNN_INVALID_VALUE_ID : i,
                   inner ? 0 : XNN_VALUE_FLAG_EXTERNAL_OUTPUT, &ids[node.outputs[i]]);
    }
    define_inputs(subgraph.get(), node, ids);
    // Newer revisions of XNNPACK look at what makes rows that are quantised when the graph runs.
    for (uint32_t index : node.inputs)
      if (const DelegateNode *maker = maker_of_rows(index);
          maker != nullptr && status == xnn_status_success) {
        define_inputs(subgraph.get(), *maker, ids);
        status = node_entry(maker->kind).define({subgraph.get(), *maker, ids});
      }
    if (status == xnn_status_success)
      status = node_entry(node.kind).define({subgraph.get(), node, ids});
    if (status != xnn_status_success)
      return status;
    xnn_runtime_t runtime = nullptr;
    status = xnn_create_runtime_v4(subgraph.get(), cache, workspace.get(), nullptr, 0, &runtime);
    const Runtime owner(runtime);
    return status;
  }

  // As inner values, what they hold is of no interest.
  void define_inputs(xnn_subgraph_t subgraph, const DelegateNode &node, std::vector<uint32_t> &ids) const {
    for (uint32_t index : node.inputs)
      if (ids[index] == XNN_INVALID_VALUE_ID)
        define_value(subgraph, graph_.values[index], shapes_[index], data_[index], XNN_INVALID_VALUE_ID, 0,
                     &ids[index]);
  }

  // The node that quantises `index` row by row; null when it is another kind of value.
  const DelegateNode *maker_of_rows(uint32_t index) const {
    if (graph_.values[index].quantization.kind != Quantization::Kind::kPerRow)
      return nullptr;
    for (const DelegateNode &node : graph_.nodes)
      if (std::find(node.outputs.begin(), node.outputs.end(), index) != node.outputs.end())
        return &node;
    return nullptr;
  }

  const DelegateGraph &graph_;
  const std::vector<Shape> &shapes_;
  const CompileOptions &options_;
  std::vector<const void *> data_;
};

} // namespace

Result<CompiledGraph> compile(const DelegateGraph &graph, const std::vector<Shape> &shapes,
                              const CompileOptions &options) {
  static_cast<void>(ran_out_of_memory());
  Result<CompiledGraph> compiled = Compiler(graph, shapes, options).compile();
  if (ran_out_of_memory())
    return make_status(StatusCode::kMemoryAllocationFailed, "not enough memory to compile the delegate");
  return compiled;
}

Status initialize_xnnpack() {
  static std::once_flag once;
  static xnn_status status = xnn_status_uninitialized;
  std::call_once(once, [] { status = xnn_initialize(xnnpack_allocator()); });
  if (status == xnn_status_success)
    return {};
  return make_status(StatusCode::kNotSupported, "XNNPACK does not run on this machine: %s",
                     to_string(status));
}

} // namespace xnnir
