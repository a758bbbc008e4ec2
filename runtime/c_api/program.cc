// Programs and metadata in C.
#include <memory>

#include "c_api/boundary.h"
#include "c_api/handles.h"

using namespace xnnir;
using namespace xnnir::c_api;

namespace {

Status read_options(const xnnir_program_options *given, ProgramOptions &options) {
  xnnir_program_options known;
  XNNIR_RETURN_IF_ERROR(read_struct(given, "xnnir_program_options", known));
  options.num_threads = known.num_threads;
  if (known.data_paths == nullptr && known.num_data_paths > 0)
    return is_null("data_paths");
  for (size_t i = 0; i < known.num_data_paths; ++i) {
    if (known.data_paths[i] == nullptr)
      return is_null("a path of data_paths");
    options.data.push_back(Source::file(known.data_paths[i]));
  }
  if (known.packed_cache_path != nullptr)
    options.packed_cache_path = known.packed_cache_path;
  if (known.workspace_sharing_mode < XNNIR_WORKSPACE_DISABLED ||
      known.workspace_sharing_mode > XNNIR_WORKSPACE_GLOBAL)
    return make_status(StatusCode::kInvalidArgument, "workspace_sharing_mode is %d, expected 0 to 2",
                       known.workspace_sharing_mode);
  options.workspace_sharing_mode = static_cast<WorkspaceSharingMode>(known.workspace_sharing_mode);
  options.weight_cache_enabled = !known.weight_cache_disabled;
  return {};
}

Status give(Result<Program> loaded, xnnir_program **program) {
  if (!loaded.ok())
    return loaded.status();
  std::vector<std::string> names = loaded->method_names();
  *program = new xnnir_program{std::move(*loaded), std::move(names)};
  return {};
}

Status give_info(const std::vector<ValueMeta> &values, const char *what, size_t index,
                 xnnir_value_info *info) {
  if (index >= values.size())
    return make_status(StatusCode::kInvalidArgument, "%s %zu does not exist: there are %zu", what, index,
                       values.size());
  const ValueMeta &value = values[index];
  xnnir_value_info known = {};
  known.kind = kind_number(value.kind);
  if (known.kind == XNNIR_KIND_TENSOR) {
    const TensorMeta &tensor = value.tensor;
    known.dtype = static_cast<int32_t>(tensor.dtype);
    known.rank = static_cast<uint32_t>(tensor.sizes.size());
    known.is_dynamic = tensor.dynamism != ShapeDynamism::kStatic;
    known.is_memory_planned = tensor.is_memory_planned;
    known.nbytes = tensor.dynamism == ShapeDynamism::kDynamicUnbound ? 0 : tensor.nbytes;
    known.sizes = tensor.sizes.data();
    known.dim_order = tensor.dim_order.data();
  }
  return write_struct(known, "xnnir_value_info", info);
}

const char *item(const std::vector<std::string> &names, size_t index) {
  return index < names.size() ? names[index].c_str() : nullptr;
}

} // namespace

xnnir_status xnnir_program_load_file(const char *path, const xnnir_program_options *options,
                                     xnnir_program **program) {
  return guarded("load a program", [&]() -> Status {
    if (path == nullptr || program == nullptr)
      return is_null(path == nullptr ? "path" : "program");
    *program = nullptr;
    ProgramOptions known;
    XNNIR_RETURN_IF_ERROR(read_options(options, known));
    return give(Program::load_file(path, known), program);
  });
}

xnnir_status xnnir_program_load_buffer(const void *data, size_t size, void (*release)(void *owner),
                                       void *owner, const xnnir_program_options *options,
                                       xnnir_program **program) {
  return guarded("load a program", [&]() -> Status {
    // Made first: whatever happens, the owner is released.
    const std::shared_ptr<const void> kept(owner, [release](const void *it) {
      if (release != nullptr)
        release(const_cast<void *>(it));
    });
    if (data == nullptr || program == nullptr)
      return is_null(data == nullptr ? "data" : "program");
    *program = nullptr;
    ProgramOptions known;
    XNNIR_RETURN_IF_ERROR(read_options(options, known));
    return give(Program::load_buffer({static_cast<const uint8_t *>(data), size}, kept, known), program);
  });
}

xnnir_status xnnir_program_load_descriptor(int32_t descriptor, uint64_t offset, uint64_t size,
                                           const xnnir_program_options *options, xnnir_program **program) {
  return guarded("load a program", [&]() -> Status {
    if (program == nullptr)
      return is_null("program");
    *program = nullptr;
    ProgramOptions known;
    XNNIR_RETURN_IF_ERROR(read_options(options, known));
    return give(Program::load(Source::descriptor(descriptor, offset, size), known), program);
  });
}

xnnir_status xnnir_program_packed_cache_info(const xnnir_program *program, xnnir_packed_cache_info *info) {
  return guarded("describe packed weights", [&]() -> Status {
    if (program == nullptr)
      return is_null("program");
    const PackedCacheInfo found = program->program.packed_cache_info();
    xnnir_packed_cache_info known = {};
    known.read = found.read;
    known.packed = found.packed;
    known.read_bytes = found.read_bytes;
    known.packed_bytes = found.packed_bytes;
    known.written = found.written;
    return write_struct(known, "xnnir_packed_cache_info", info);
  });
}

void xnnir_program_free(xnnir_program *program) { delete program; }

size_t xnnir_program_num_threads(const xnnir_program *program) {
  return program == nullptr ? 0 : program->program.num_threads();
}

size_t xnnir_program_num_methods(const xnnir_program *program) {
  return program == nullptr ? 0 : program->method_names.size();
}

const char *xnnir_program_method_name(const xnnir_program *program, size_t index) {
  return program == nullptr ? nullptr : item(program->method_names, index);
}

xnnir_status xnnir_program_metadata(const xnnir_program *program, const char *method,
                                    xnnir_metadata **metadata) {
  return guarded("describe a method", [&]() -> Status {
    if (program == nullptr || method == nullptr || metadata == nullptr)
      return is_null(program == nullptr ? "program" : method == nullptr ? "method" : "metadata");
    *metadata = nullptr;
    Result<MethodMeta> meta = program->program.metadata(method);
    if (!meta.ok())
      return meta.status();
    *metadata = new xnnir_metadata{std::move(*meta)};
    return {};
  });
}

void xnnir_metadata_free(xnnir_metadata *metadata) { delete metadata; }

const char *xnnir_metadata_name(const xnnir_metadata *metadata) {
  return metadata == nullptr ? nullptr : metadata->meta.name.c_str();
}
size_t xnnir_metadata_num_inputs(const xnnir_metadata *metadata) {
  return metadata == nullptr ? 0 : metadata->meta.inputs.size();
}
size_t xnnir_metadata_num_outputs(const xnnir_metadata *metadata) {
  return metadata == nullptr ? 0 : metadata->meta.outputs.size();
}
xnnir_status xnnir_metadata_input(const xnnir_metadata *metadata, size_t index, xnnir_value_info *info) {
  return guarded("describe an input", [&]() -> Status {
    return metadata == nullptr ? is_null("metadata") : give_info(metadata->meta.inputs, "input", index, info);
  });
}
xnnir_status xnnir_metadata_output(const xnnir_metadata *metadata, size_t index, xnnir_value_info *info) {
  return guarded("describe an output", [&]() -> Status {
    return metadata == nullptr ? is_null("metadata")
                               : give_info(metadata->meta.outputs, "output", index, info);
  });
}
size_t xnnir_metadata_num_backends(const xnnir_metadata *metadata) {
  return metadata == nullptr ? 0 : metadata->meta.backends.size();
}
const char *xnnir_metadata_backend(const xnnir_metadata *metadata, size_t index) {
  return metadata == nullptr ? nullptr : item(metadata->meta.backends, index);
}
size_t xnnir_metadata_num_operators(const xnnir_metadata *metadata) {
  return metadata == nullptr ? 0 : metadata->meta.operators.size();
}
const char *xnnir_metadata_operator(const xnnir_metadata *metadata, size_t index) {
  return metadata == nullptr ? nullptr : item(metadata->meta.operators, index);
}
size_t xnnir_metadata_num_instructions(const xnnir_metadata *metadata) {
  return metadata == nullptr ? 0 : metadata->meta.num_instructions;
}
size_t xnnir_metadata_arena_bytes(const xnnir_metadata *metadata) {
  size_t bytes = 0;
  if (metadata != nullptr)
    for (const size_t size : metadata->meta.arena_sizes)
      bytes += size;
  return bytes;
}
