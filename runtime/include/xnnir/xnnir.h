// The runtime in C: programs, methods, tensors, kernels and backends of your own, hooks.
//
//     xnnir_program *program;
//     xnnir_method *method;
//     if (xnnir_program_load_file("model.pte", NULL, &program) != XNNIR_OK ||
//         xnnir_program_load_method(program, "forward", NULL, &method) != XNNIR_OK)
//       fprintf(stderr, "%s\n", xnnir_last_error());
//
// The ABI is stable within a major version of the shared library (libxnnir.so.0):
//   - Handles are opaque. Functions are added, and neither removed nor changed.
//   - Structs begin with their size, which the caller sets: XNNIR_INIT(type) does. Fields are added at the
//   end, and
//     zero in one means what the library did before it had it. A library that is older than its caller
//     refuses (XNNIR_NOT_SUPPORTED) fields it does not know unless they are zero.
//   - Nothing throws across it, and no function keeps a pointer that it was given but where it says so.
//
// Functions that return a status can fail; xnnir_last_error() then has a sentence. A null handle, and a null
// pointer where one is needed, are XNNIR_INVALID_ARGUMENT. Programs and registrations may be used from any
// threads, a method from one at a time.
#ifndef XNNIR_XNNIR_H_
#define XNNIR_XNNIR_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) && defined(XNNIR_BUILDING_SHARED)
#define XNNIR_EXPORT __declspec(dllexport)
#elif defined(_WIN32) && defined(XNNIR_SHARED)
#define XNNIR_EXPORT __declspec(dllimport)
#elif defined(__GNUC__) && defined(XNNIR_BUILDING_SHARED)
#define XNNIR_EXPORT __attribute__((visibility("default")))
#else
#define XNNIR_EXPORT
#endif
#if defined(__GNUC__)
#define XNNIR_CHECKED XNNIR_EXPORT __attribute__((warn_unused_result))
#else
#define XNNIR_CHECKED XNNIR_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#define XNNIR_INIT(type)                                                                                     \
  ([] {                                                                                                      \
    type value = {};                                                                                         \
    value.struct_size = sizeof(type);                                                                        \
    return value;                                                                                            \
  }())
#else
#define XNNIR_INIT(type) ((type){.struct_size = sizeof(type)})
#endif

// Rises when something is added.
#define XNNIR_ABI_VERSION 1
// Of the library, which may be another than the header's.
XNNIR_EXPORT uint32_t xnnir_abi_version(void);
// "0.1.0"
XNNIR_EXPORT const char *xnnir_version(void);

// Numbers are those of ExecuTorch's runtime.
typedef int32_t xnnir_status;
enum {
  XNNIR_OK = 0x00,
  XNNIR_INTERNAL = 0x01,
  XNNIR_INVALID_STATE = 0x02,
  XNNIR_NOT_SUPPORTED = 0x10,
  XNNIR_NOT_IMPLEMENTED = 0x11,
  XNNIR_INVALID_ARGUMENT = 0x12,
  XNNIR_INVALID_TYPE = 0x13,
  XNNIR_OPERATOR_MISSING = 0x14,
  XNNIR_NOT_FOUND = 0x20,
  XNNIR_MEMORY_ALLOCATION_FAILED = 0x21,
  XNNIR_ACCESS_FAILED = 0x22,
  XNNIR_INVALID_PROGRAM = 0x23,
  XNNIR_INVALID_EXTERNAL_DATA = 0x24,
  XNNIR_OUT_OF_RESOURCES = 0x25,
  XNNIR_DELEGATE_INVALID_COMPATIBILITY = 0x30,
  XNNIR_DELEGATE_MEMORY_ALLOCATION_FAILED = 0x31,
  XNNIR_DELEGATE_INVALID_HANDLE = 0x32
};
// "not found"; "unknown error" for other numbers.
XNNIR_EXPORT const char *xnnir_status_name(xnnir_status status);
// Why the last function that failed on this thread did, valid until the next one that fails; "" before.
XNNIR_EXPORT const char *xnnir_last_error(void);
// For kernels and backends of your own: the sentence that goes with the status which they return.
XNNIR_EXPORT void xnnir_set_last_error(const char *message);

// ---------------------------------------------------------------- values

// Numbers are PyTorch's.
enum {
  XNNIR_UINT8 = 0,
  XNNIR_INT8 = 1,
  XNNIR_INT16 = 2,
  XNNIR_INT32 = 3,
  XNNIR_INT64 = 4,
  XNNIR_FLOAT16 = 5,
  XNNIR_FLOAT32 = 6,
  XNNIR_FLOAT64 = 7,
  XNNIR_BOOL = 11,
  XNNIR_QINT8 = 12,
  XNNIR_QUINT8 = 13,
  XNNIR_QINT32 = 14,
  XNNIR_BFLOAT16 = 15,
  XNNIR_UINT16 = 27,
  XNNIR_UINT32 = 28,
  XNNIR_UINT64 = 29
};
// "float32"; "unknown" for other numbers.
XNNIR_EXPORT const char *xnnir_dtype_name(int32_t dtype);
// Bytes of an element; 0 for other numbers.
XNNIR_EXPORT size_t xnnir_dtype_size(int32_t dtype);

typedef struct xnnir_tensor {
  size_t struct_size;
  void *data;
  // Bytes at `data`, at least those of the shape.
  size_t nbytes;
  int32_t dtype;
  uint32_t rank;
  // [rank], logical: as PyTorch has them.
  const int32_t *sizes;
  // [rank], dimensions from outermost to innermost in memory: {0, 2, 3, 1} is channels-last. Memory is dense
  // in that order. Null stands for contiguous.
  const uint8_t *dim_order;
} xnnir_tensor;

enum {
  XNNIR_KIND_NONE = 0,
  XNNIR_KIND_INT = 1,
  XNNIR_KIND_BOOL = 2,
  XNNIR_KIND_DOUBLE = 3,
  XNNIR_KIND_TENSOR = 4,
  XNNIR_KIND_STRING = 5,
  XNNIR_KIND_INT_LIST = 6,
  XNNIR_KIND_DOUBLE_LIST = 7,
  XNNIR_KIND_BOOL_LIST = 8,
  XNNIR_KIND_TENSOR_LIST = 9,
  XNNIR_KIND_OPTIONAL_TENSOR_LIST = 10
};

// ---------------------------------------------------------------- programs

typedef struct xnnir_program xnnir_program;
typedef struct xnnir_metadata xnnir_metadata;
typedef struct xnnir_method xnnir_method;

// Which delegates share the memory of the values inside them; those that share it run one at a time.
enum { XNNIR_WORKSPACE_DISABLED = 0, XNNIR_WORKSPACE_PER_MODEL = 1, XNNIR_WORKSPACE_GLOBAL = 2 };

typedef struct xnnir_program_options {
  size_t struct_size;
  // Threads that runs use, the caller's among them; 0 for the machine's performance cores.
  size_t num_threads;
  // .ptd files with what the program keeps outside.
  const char *const *data_paths;
  size_t num_data_paths;
  // A file of packed weights, read when it is there and written when it lacks some; null for none.
  const char *packed_cache_path;
  // XNNIR_WORKSPACE_…
  int32_t workspace_sharing_mode;
  // Has each delegate pack its own weights, where those of a program share them otherwise.
  bool weight_cache_disabled;
} xnnir_program_options;

// `options` may be null. The file is mapped: it must not shrink while it is loaded.
XNNIR_CHECKED xnnir_status xnnir_program_load_file(const char *path, const xnnir_program_options *options,
                                                   xnnir_program **program);
// `size` bytes at `offset` of an open file, or all from there on for 0: an asset in a package. The descriptor
// may be closed when this returns.
XNNIR_CHECKED xnnir_status xnnir_program_load_descriptor(int32_t descriptor, uint64_t offset, uint64_t size,
                                                         const xnnir_program_options *options,
                                                         xnnir_program **program);
// `data` must stay unchanged until `release`, which may be null, is called with `owner`: when the program and
// its methods are gone, or at once when the call fails or had to copy the bytes.
XNNIR_CHECKED xnnir_status xnnir_program_load_buffer(const void *data, size_t size,
                                                     void (*release)(void *owner), void *owner,
                                                     const xnnir_program_options *options,
                                                     xnnir_program **program);
// Methods keep what they need of it. Null is allowed, here and in the other functions that free.
XNNIR_EXPORT void xnnir_program_free(xnnir_program *program);

// What came of packed_cache_path in the loads of methods until now.
typedef struct xnnir_packed_cache_info {
  size_t struct_size;
  // Weights that came from the file, and that were packed here.
  size_t read;
  size_t packed;
  uint64_t read_bytes;
  uint64_t packed_bytes;
  bool written;
} xnnir_packed_cache_info;
XNNIR_CHECKED xnnir_status xnnir_program_packed_cache_info(const xnnir_program *program,
                                                           xnnir_packed_cache_info *info);

XNNIR_EXPORT size_t xnnir_program_num_threads(const xnnir_program *program);
XNNIR_EXPORT size_t xnnir_program_num_methods(const xnnir_program *program);
// Valid as long as the program; null when there is none of that index.
XNNIR_EXPORT const char *xnnir_program_method_name(const xnnir_program *program, size_t index);

// ---------------------------------------------------------------- metadata

// What a method takes and gives, without loading it. Free it with xnnir_metadata_free().
XNNIR_CHECKED xnnir_status xnnir_program_metadata(const xnnir_program *program, const char *method,
                                                  xnnir_metadata **metadata);
XNNIR_EXPORT void xnnir_metadata_free(xnnir_metadata *metadata);

typedef struct xnnir_value_info {
  size_t struct_size;
  // XNNIR_KIND_…; what follows is said of tensors only.
  int32_t kind;
  int32_t dtype;
  uint32_t rank;
  // Whether sizes may be smaller than `sizes`.
  bool is_dynamic;
  // Whether the method has a place for it in its arenas.
  bool is_memory_planned;
  // Bytes of a tensor of `sizes`; 0 for sizes without a bound.
  size_t nbytes;
  // [rank] each, as in xnnir_tensor; valid as long as the metadata.
  const int32_t *sizes;
  const uint8_t *dim_order;
} xnnir_value_info;

XNNIR_EXPORT const char *xnnir_metadata_name(const xnnir_metadata *metadata);
XNNIR_EXPORT size_t xnnir_metadata_num_inputs(const xnnir_metadata *metadata);
XNNIR_EXPORT size_t xnnir_metadata_num_outputs(const xnnir_metadata *metadata);
XNNIR_CHECKED xnnir_status xnnir_metadata_input(const xnnir_metadata *metadata, size_t index,
                                                xnnir_value_info *info);
XNNIR_CHECKED xnnir_status xnnir_metadata_output(const xnnir_metadata *metadata, size_t index,
                                                 xnnir_value_info *info);
// Backend of each delegate, and operators that run outside of them; null when there is none of that index.
XNNIR_EXPORT size_t xnnir_metadata_num_backends(const xnnir_metadata *metadata);
XNNIR_EXPORT const char *xnnir_metadata_backend(const xnnir_metadata *metadata, size_t index);
XNNIR_EXPORT size_t xnnir_metadata_num_operators(const xnnir_metadata *metadata);
XNNIR_EXPORT const char *xnnir_metadata_operator(const xnnir_metadata *metadata, size_t index);
XNNIR_EXPORT size_t xnnir_metadata_num_instructions(const xnnir_metadata *metadata);
// Bytes of all planned arenas together.
XNNIR_EXPORT size_t xnnir_metadata_arena_bytes(const xnnir_metadata *metadata);

// ---------------------------------------------------------------- methods

// An instruction, or a node inside a delegate (node >= 0), in one run. Strings are valid until the next run.
typedef struct xnnir_profile_event {
  size_t struct_size;
  const char *name;
  // Where it stands in the user's model; "" when the file does not say.
  const char *location;
  int32_t instruction;
  int32_t node;
  uint64_t nanoseconds;
  // Of the tensors that it reads and writes; 0 where that is not known.
  uint64_t bytes;
  uint64_t count;
} xnnir_profile_event;

// Called before and after each instruction, on the thread that runs.
typedef void (*xnnir_profile_hook)(void *user_data, const xnnir_profile_event *event);

typedef struct xnnir_method_options {
  size_t struct_size;
  // Time every instruction, and every node inside the delegates.
  bool profile;
  // Instructions that one run may have: XNNIR_OUT_OF_RESOURCES before the next one. 0 for 100 million.
  uint64_t max_instructions;
  xnnir_profile_hook profile_begin;
  xnnir_profile_hook profile_end;
  void *profile_user_data;
} xnnir_method_options;

// `options` may be null.
XNNIR_CHECKED xnnir_status xnnir_program_load_method(const xnnir_program *program, const char *name,
                                                     const xnnir_method_options *options,
                                                     xnnir_method **method);
XNNIR_EXPORT void xnnir_method_free(xnnir_method *method);
// Valid as long as the method, and not to be freed.
XNNIR_EXPORT const xnnir_metadata *xnnir_method_metadata(const xnnir_method *method);

// The tensor's bytes are not copied: they must stay valid and unchanged through every run until the input is
// set again. Its sizes and dim_order are.
XNNIR_CHECKED xnnir_status xnnir_method_set_input(xnnir_method *method, size_t index,
                                                  const xnnir_tensor *tensor);
// Inputs that are no tensors have, but for those that stand for sizes, the value they had at export.
XNNIR_CHECKED xnnir_status xnnir_method_set_input_int(xnnir_method *method, size_t index, int64_t value);
XNNIR_CHECKED xnnir_status xnnir_method_set_input_bool(xnnir_method *method, size_t index, bool value);
XNNIR_CHECKED xnnir_status xnnir_method_set_input_double(xnnir_method *method, size_t index, double value);
XNNIR_CHECKED xnnir_status xnnir_method_set_input_string(xnnir_method *method, size_t index,
                                                         const char *value);
XNNIR_CHECKED xnnir_status xnnir_method_set_input_none(xnnir_method *method, size_t index);

// Has output `index` written to `data` from now on; null goes back to the method's own memory. `slack` bytes
// behind `capacity` are known to be readable: with 128 of them nothing has to be copied.
XNNIR_CHECKED xnnir_status xnnir_method_set_output(xnnir_method *method, size_t index, void *data,
                                                   size_t capacity, size_t slack);
XNNIR_CHECKED xnnir_status xnnir_method_execute(xnnir_method *method);
// Gives buffers of the model their first numbers back. Inputs have to be set again.
XNNIR_CHECKED xnnir_status xnnir_method_reset(xnnir_method *method);

// The output of the last run: valid until the next one. XNNIR_INVALID_TYPE when it is of another kind.
XNNIR_CHECKED xnnir_status xnnir_method_output(const xnnir_method *method, size_t index,
                                               xnnir_tensor *tensor);
XNNIR_CHECKED xnnir_status xnnir_method_output_int(const xnnir_method *method, size_t index, int64_t *value);
XNNIR_CHECKED xnnir_status xnnir_method_output_bool(const xnnir_method *method, size_t index, bool *value);
XNNIR_CHECKED xnnir_status xnnir_method_output_double(const xnnir_method *method, size_t index,
                                                      double *value);
XNNIR_CHECKED xnnir_status xnnir_method_output_string(const xnnir_method *method, size_t index,
                                                      const char **value);

// Of the last run, when the method was loaded to be profiled.
XNNIR_EXPORT size_t xnnir_method_num_profile_events(const xnnir_method *method);
XNNIR_CHECKED xnnir_status xnnir_method_profile_event(const xnnir_method *method, size_t index,
                                                      xnnir_profile_event *event);
enum {
  // For people.
  XNNIR_PROFILE_TABLE = 0,
  // A list of objects.
  XNNIR_PROFILE_JSON = 1,
  // What chrome://tracing and ui.perfetto.dev open.
  XNNIR_PROFILE_TRACE = 2
};
// The text is valid until the next call, or the method is freed.
XNNIR_CHECKED xnnir_status xnnir_method_profile_text(xnnir_method *method, int32_t format, const char **text);

// ---------------------------------------------------------------- kernels and backends of your own

// Arguments of one call: a kernel's in the order of the operator's schema, the out tensor among them, then
// the returned value once more; a delegate's inputs, then its outputs. Valid during the call.
typedef struct xnnir_call xnnir_call;
XNNIR_EXPORT size_t xnnir_call_num_args(const xnnir_call *call);
// XNNIR_KIND_NONE also when there is none of that index.
XNNIR_EXPORT int32_t xnnir_call_kind(const xnnir_call *call, size_t index);
// Writing to a tensor that is no output is undefined.
XNNIR_CHECKED xnnir_status xnnir_call_tensor(const xnnir_call *call, size_t index, xnnir_tensor *tensor);
XNNIR_CHECKED xnnir_status xnnir_call_int(const xnnir_call *call, size_t index, int64_t *value);
XNNIR_CHECKED xnnir_status xnnir_call_bool(const xnnir_call *call, size_t index, bool *value);
XNNIR_CHECKED xnnir_status xnnir_call_double(const xnnir_call *call, size_t index, double *value);
XNNIR_CHECKED xnnir_status xnnir_call_string(const xnnir_call *call, size_t index, const char **value);
// Sizes of lists; items of lists of numbers and of tensors. An absent optional tensor is XNNIR_NOT_FOUND.
XNNIR_CHECKED xnnir_status xnnir_call_list_size(const xnnir_call *call, size_t index, size_t *size);
XNNIR_CHECKED xnnir_status xnnir_call_list_int(const xnnir_call *call, size_t index, size_t item,
                                               int64_t *value);
XNNIR_CHECKED xnnir_status xnnir_call_list_double(const xnnir_call *call, size_t index, size_t item,
                                                  double *value);
XNNIR_CHECKED xnnir_status xnnir_call_list_tensor(const xnnir_call *call, size_t index, size_t item,
                                                  xnnir_tensor *tensor);
// Gives an output its shape: `rank` is what it was exported with. XNNIR_NOT_SUPPORTED beyond its upper bound.
XNNIR_CHECKED xnnir_status xnnir_call_resize(xnnir_call *call, size_t index, const int32_t *sizes,
                                             uint32_t rank);
// For operators that return a number.
XNNIR_CHECKED xnnir_status xnnir_call_set_int(xnnir_call *call, size_t index, int64_t value);
XNNIR_CHECKED xnnir_status xnnir_call_set_bool(xnnir_call *call, size_t index, bool value);
XNNIR_CHECKED xnnir_status xnnir_call_set_double(xnnir_call *call, size_t index, double value);

typedef xnnir_status (*xnnir_kernel)(void *user_data, xnnir_call *call);
// `name` is the operator as the file spells it: "aten::view_copy.out". XNNIR_INVALID_STATE when it has a
// kernel already. Registrations last as long as the process, and so must `user_data`.
XNNIR_CHECKED xnnir_status xnnir_register_kernel(const char *name, xnnir_kernel kernel, void *user_data);

// What a delegate is made from: all of it valid as long as the program.
typedef struct xnnir_delegate_init xnnir_delegate_init;
XNNIR_EXPORT const void *xnnir_delegate_init_processed(const xnnir_delegate_init *init, size_t *size);
XNNIR_EXPORT const char *xnnir_delegate_init_method_name(const xnnir_delegate_init *init);
XNNIR_EXPORT size_t xnnir_delegate_init_index(const xnnir_delegate_init *init);
// Bytes that the file names; XNNIR_NOT_FOUND.
XNNIR_CHECKED xnnir_status xnnir_delegate_init_named_data(const xnnir_delegate_init *init, const char *key,
                                                          const void **data, size_t *size);

typedef struct xnnir_backend {
  size_t struct_size;
  void *user_data;
  // Null for a backend that always is.
  bool (*is_available)(void *user_data);
  xnnir_status (*init)(void *user_data, const xnnir_delegate_init *init, void **delegate);
  // One delegate is used by one thread at a time.
  xnnir_status (*execute)(void *delegate, xnnir_call *call);
  void (*destroy)(void *delegate);
  // How many of a call's arguments are inputs; with it outputs can be written straight to the caller's
  // memory. May be null.
  size_t (*num_inputs)(void *delegate);
} xnnir_backend;
// `id` is what files name it by: "XnnpackBackend". The struct is copied.
XNNIR_CHECKED xnnir_status xnnir_register_backend(const char *id, const xnnir_backend *backend);

// What is registered.
XNNIR_EXPORT size_t xnnir_num_kernels(void);
XNNIR_EXPORT size_t xnnir_num_backends(void);
XNNIR_EXPORT bool xnnir_has_kernel(const char *name);
XNNIR_EXPORT bool xnnir_is_backend_available(const char *id);

// ---------------------------------------------------------------- hooks

typedef struct xnnir_allocator {
  size_t struct_size;
  // At least `size` bytes at a multiple of `alignment`, a power of two; null when there are none.
  void *(*allocate)(void *user_data, size_t size, size_t alignment);
  void (*deallocate)(void *user_data, void *memory);
  void *user_data;
} xnnir_allocator;
// Where arenas, buffers, XNNPACK's packed weights and workspaces come from, in the whole process.
// XNNIR_INVALID_STATE once the first program was loaded.
XNNIR_CHECKED xnnir_status xnnir_set_allocator(const xnnir_allocator *allocator);

enum { XNNIR_LOG_DEBUG = 0, XNNIR_LOG_INFO = 1, XNNIR_LOG_WARNING = 2, XNNIR_LOG_SILENT = 3 };
typedef void (*xnnir_log_sink)(void *user_data, int32_t level, const char *message);
// Has messages of level `least` and above go to `sink`; null for stderr, where warnings go unless this is
// called.
XNNIR_EXPORT void xnnir_set_log_sink(xnnir_log_sink sink, void *user_data, int32_t least);

#ifdef __cplusplus
}
#endif

#endif // XNNIR_XNNIR_H_
