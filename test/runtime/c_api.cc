// The C API: structs of other versions, kernels and backends in C, arguments that are wrong.
#include <cstdio>
#include <cstring>
#include <thread>

#include <gmock/gmock.h>

#include "program_builder.h"
#include "xnnir/xnnir.h"

namespace xnnir::test {

namespace {

using testing::HasSubstr;

struct ProgramDeleter {
  void operator()(xnnir_program *program) const { xnnir_program_free(program); }
};
struct MethodDeleter {
  void operator()(xnnir_method *method) const { xnnir_method_free(method); }
};
using ProgramHandle = std::unique_ptr<xnnir_program, ProgramDeleter>;
using MethodHandle = std::unique_ptr<xnnir_method, MethodDeleter>;

ProgramHandle load_c(const std::vector<uint8_t> &file) {
  xnnir_program_options options = XNNIR_INIT(xnnir_program_options);
  options.num_threads = 1;
  xnnir_program *program = nullptr;
  EXPECT_EQ(xnnir_program_load_buffer(file.data(), file.size(), nullptr, nullptr, &options, &program),
            XNNIR_OK)
      << xnnir_last_error();
  return ProgramHandle(program);
}

MethodHandle load_forward_c(const xnnir_program *program, const xnnir_method_options *options = nullptr) {
  xnnir_method *method = nullptr;
  EXPECT_EQ(xnnir_program_load_method(program, "forward", options, &method), XNNIR_OK) << xnnir_last_error();
  return MethodHandle(method);
}

xnnir_tensor float_view(float *data, size_t count, const int32_t *size) {
  xnnir_tensor tensor = XNNIR_INIT(xnnir_tensor);
  tensor.data = data;
  tensor.nbytes = count * sizeof(float);
  tensor.dtype = XNNIR_FLOAT32;
  tensor.rank = 1;
  tensor.sizes = size;
  return tensor;
}

// out = self * user_data[0] + number
xnnir_status scale(void *user_data, xnnir_call *call) {
  xnnir_tensor self = XNNIR_INIT(xnnir_tensor);
  xnnir_tensor out = XNNIR_INIT(xnnir_tensor);
  int64_t number = 0;
  xnnir_status status = xnnir_call_tensor(call, 0, &self);
  if (status == XNNIR_OK)
    status = xnnir_call_int(call, 1, &number);
  if (status == XNNIR_OK)
    status = xnnir_call_resize(call, 2, self.sizes, self.rank);
  if (status == XNNIR_OK)
    status = xnnir_call_tensor(call, 2, &out);
  if (status != XNNIR_OK)
    return status;
  for (size_t i = 0; i < self.nbytes / sizeof(float); ++i)
    static_cast<float *>(out.data)[i] =
        static_cast<const float *>(self.data)[i] * *static_cast<const float *>(user_data) +
        static_cast<float>(number);
  return XNNIR_OK;
}

std::vector<uint8_t> scale_file(const char *name) {
  ProgramBuilder builder;
  const int32_t input = builder.tensor({{4}});
  const int32_t number = builder.integer(3);
  TensorSpec spec{{8}};
  spec.dynamism = 1;
  const int32_t output = builder.tensor(spec);
  builder.kernel_call(name, "out", {input, number, output, output});
  builder.inputs = {input};
  builder.outputs = {output};
  return builder.build();
}

TEST(CApi, KernelInC) {
  static float factor = 2;
  ASSERT_EQ(xnnir_register_kernel("c::scale.out", scale, &factor), XNNIR_OK);
  EXPECT_TRUE(xnnir_has_kernel("c::scale.out"));
  EXPECT_EQ(xnnir_register_kernel("c::scale.out", scale, nullptr), XNNIR_INVALID_STATE);
  EXPECT_THAT(xnnir_last_error(), HasSubstr("another kernel is registered as 'c::scale.out'"));

  const std::vector<uint8_t> file = scale_file("c::scale");
  ProgramHandle program = load_c(file);
  MethodHandle method = load_forward_c(program.get());
  // The method keeps what it needs.
  program.reset();
  float input[] = {1, 2, 3, 4};
  const int32_t size = 4;
  const xnnir_tensor view = float_view(input, 4, &size);
  ASSERT_EQ(xnnir_method_set_input(method.get(), 0, &view), XNNIR_OK) << xnnir_last_error();
  ASSERT_EQ(xnnir_method_execute(method.get()), XNNIR_OK) << xnnir_last_error();
  xnnir_tensor output = XNNIR_INIT(xnnir_tensor);
  ASSERT_EQ(xnnir_method_output(method.get(), 0, &output), XNNIR_OK);
  ASSERT_EQ(output.rank, 1u);
  ASSERT_EQ(output.sizes[0], 4);
  EXPECT_EQ(std::vector<float>(static_cast<float *>(output.data), static_cast<float *>(output.data) + 4),
            (std::vector<float>{5, 7, 9, 11}));
}

xnnir_status refuse(void *, xnnir_call *call) {
  xnnir_set_last_error("no multiples today");
  return xnnir_call_num_args(call) == 4 ? XNNIR_NOT_SUPPORTED : XNNIR_OK;
}
xnnir_status refuse_in_silence(void *, xnnir_call *) { return XNNIR_INTERNAL; }
xnnir_status refuse_as_told(void *, xnnir_call *call) {
  double number = 0;
  return xnnir_call_double(call, 1, &number);
}
xnnir_status throw_something(void *, xnnir_call *) { throw std::runtime_error("from C++"); }

TEST(CApi, KernelsThatFail) {
  const std::tuple<const char *, xnnir_kernel, xnnir_status, const char *> kernels[] = {
      {"c::refuse", refuse, XNNIR_NOT_SUPPORTED, "instruction 0 (c::refuse.out): no multiples today"},
      {"c::silent", refuse_in_silence, XNNIR_INTERNAL, "the kernel failed (internal error) and said no more"},
      {"c::told", refuse_as_told, XNNIR_INVALID_TYPE, "argument 1 is of kind int, expected double"},
      {"c::thrown", throw_something, XNNIR_INTERNAL, "from C++"}};
  for (const auto &[name, kernel, code, message] : kernels) {
    ASSERT_EQ(xnnir_register_kernel((std::string(name) + ".out").c_str(), kernel, nullptr), XNNIR_OK);
    const std::vector<uint8_t> file = scale_file(name);
    const ProgramHandle program = load_c(file);
    const MethodHandle method = load_forward_c(program.get());
    float input[] = {1, 2, 3, 4};
    const int32_t size = 4;
    const xnnir_tensor view = float_view(input, 4, &size);
    ASSERT_EQ(xnnir_method_set_input(method.get(), 0, &view), XNNIR_OK);
    EXPECT_EQ(xnnir_method_execute(method.get()), code);
    EXPECT_THAT(xnnir_last_error(), HasSubstr(message));
  }
}

// A backend whose delegates add the first byte of what they were made from.
struct Adder {
  float number;
};
int adders = 0;

xnnir_status init_adder(void *user_data, const xnnir_delegate_init *init, void **delegate) {
  size_t size = 0;
  const auto *bytes = static_cast<const uint8_t *>(xnnir_delegate_init_processed(init, &size));
  if (size == 0 || std::strcmp(xnnir_delegate_init_method_name(init), "forward") != 0)
    return XNNIR_INVALID_PROGRAM;
  const void *data = nullptr;
  if (xnnir_delegate_init_named_data(init, "nothing", &data, &size) != XNNIR_NOT_FOUND)
    return XNNIR_INTERNAL;
  ++*static_cast<int *>(user_data);
  *delegate = new Adder{static_cast<float>(bytes[0])};
  return XNNIR_OK;
}
xnnir_status run_adder(void *delegate, xnnir_call *call) {
  xnnir_tensor in = XNNIR_INIT(xnnir_tensor);
  xnnir_tensor out = XNNIR_INIT(xnnir_tensor);
  if (xnnir_call_tensor(call, 0, &in) != XNNIR_OK || xnnir_call_tensor(call, 1, &out) != XNNIR_OK)
    return XNNIR_INVALID_PROGRAM;
  for (size_t i = 0; i < in.nbytes / sizeof(float); ++i)
    static_cast<float *>(out.data)[i] =
        static_cast<const float *>(in.data)[i] + static_cast<const Adder *>(delegate)->number;
  return XNNIR_OK;
}
void destroy_adder(void *delegate) {
  delete static_cast<Adder *>(delegate);
  --adders;
}
size_t one_input(void *) { return 1; }

TEST(CApi, BackendInC) {
  xnnir_backend backend = XNNIR_INIT(xnnir_backend);
  backend.user_data = &adders;
  EXPECT_EQ(xnnir_register_backend("AdderBackend", &backend), XNNIR_INVALID_ARGUMENT);
  EXPECT_STREQ(xnnir_last_error(), "the backend's init is null");
  backend.init = init_adder;
  backend.execute = run_adder;
  backend.destroy = destroy_adder;
  // A caller who does not know of num_inputs yet.
  backend.num_inputs = one_input;
  backend.struct_size = offsetof(xnnir_backend, num_inputs);
  ASSERT_EQ(xnnir_register_backend("AdderBackend", &backend), XNNIR_OK) << xnnir_last_error();
  EXPECT_TRUE(xnnir_is_backend_available("AdderBackend"));
  EXPECT_FALSE(xnnir_is_backend_available("SubtracterBackend"));

  ProgramBuilder builder;
  const uint8_t number = 7;
  builder.constant(&number, 1);
  const int32_t input = builder.tensor({{4}});
  const int32_t output = builder.tensor({{4}});
  builder.delegate("AdderBackend", 0);
  builder.delegate_call(0, {input, output});
  builder.inputs = {input};
  builder.outputs = {output};
  const std::vector<uint8_t> file = builder.build();
  const ProgramHandle program = load_c(file);
  MethodHandle method = load_forward_c(program.get());
  EXPECT_EQ(adders, 1);
  float numbers[] = {1, 2, 3, 4};
  float results[4] = {};
  const int32_t size = 4;
  const xnnir_tensor view = float_view(numbers, 4, &size);
  ASSERT_EQ(xnnir_method_set_input(method.get(), 0, &view), XNNIR_OK);
  ASSERT_EQ(xnnir_method_set_output(method.get(), 0, results, sizeof(results), 0), XNNIR_OK);
  ASSERT_EQ(xnnir_method_execute(method.get()), XNNIR_OK) << xnnir_last_error();
  EXPECT_THAT(results, testing::ElementsAre(8, 9, 10, 11));
  method.reset();
  EXPECT_EQ(adders, 0);
}

// What later versions of a caller, or earlier ones, hand over.
TEST(CApi, StructsOfOtherVersions) {
  const std::vector<uint8_t> file = scale_file("aten::unknown");
  struct {
    xnnir_program_options options;
    uint64_t added;
  } newer = {XNNIR_INIT(xnnir_program_options), 0};
  newer.options.struct_size = sizeof(newer);
  newer.options.num_threads = 1;
  xnnir_program *program = nullptr;
  ASSERT_EQ(xnnir_program_load_buffer(file.data(), file.size(), nullptr, nullptr, &newer.options, &program),
            XNNIR_OK)
      << xnnir_last_error();
  const ProgramHandle owner(program);
  newer.added = 1;
  EXPECT_EQ(xnnir_program_load_buffer(file.data(), file.size(), nullptr, nullptr, &newer.options, &program),
            XNNIR_NOT_SUPPORTED);
  EXPECT_THAT(xnnir_last_error(), HasSubstr("xnnir_program_options is newer than this library"));
  EXPECT_EQ(program, nullptr);
  for (const size_t size : {size_t{0}, sizeof(size_t) / 2, SIZE_MAX}) {
    newer.options.struct_size = size;
    EXPECT_EQ(xnnir_program_load_buffer(file.data(), file.size(), nullptr, nullptr, &newer.options, &program),
              XNNIR_INVALID_ARGUMENT);
    EXPECT_THAT(xnnir_last_error(), HasSubstr("expected sizeof(xnnir_program_options)"));
  }

  xnnir_metadata *metadata = nullptr;
  ASSERT_EQ(xnnir_program_metadata(owner.get(), "forward", &metadata), XNNIR_OK);
  xnnir_value_info info;
  std::memset(&info, 0x55, sizeof(info));
  info.struct_size = offsetof(xnnir_value_info, rank);
  ASSERT_EQ(xnnir_metadata_output(metadata, 0, &info), XNNIR_OK);
  EXPECT_EQ(info.kind, XNNIR_KIND_TENSOR);
  EXPECT_EQ(info.dtype, XNNIR_FLOAT32);
  EXPECT_EQ(info.rank, 0x55555555u);
  info.struct_size = sizeof(info);
  ASSERT_EQ(xnnir_metadata_output(metadata, 0, &info), XNNIR_OK);
  EXPECT_TRUE(info.is_dynamic);
  EXPECT_EQ(info.sizes[0], 8);
  EXPECT_EQ(info.nbytes, 32u);
  EXPECT_STREQ(xnnir_metadata_operator(metadata, 0), "aten::unknown.out");
  EXPECT_EQ(xnnir_metadata_operator(metadata, 1), nullptr);
  xnnir_metadata_free(metadata);
}

TEST(CApi, OptionsOfPrograms) {
  const std::vector<uint8_t> file = scale_file("aten::unknown");
  const std::string path = testing::TempDir() + "c_api_options.pte";
  std::FILE *out = std::fopen(path.c_str(), "wb");
  std::fwrite("....", 1, 4, out);
  std::fwrite(file.data(), 1, file.size(), out);
  std::fclose(out);
  xnnir_program *program = nullptr;
  std::FILE *in = std::fopen(path.c_str(), "rb");
  ASSERT_EQ(xnnir_program_load_descriptor(fileno(in), 4, file.size(), nullptr, &program), XNNIR_OK)
      << xnnir_last_error();
  std::fclose(in);
  EXPECT_STREQ(xnnir_program_method_name(program, 0), "forward");
  xnnir_packed_cache_info info = XNNIR_INIT(xnnir_packed_cache_info);
  EXPECT_EQ(xnnir_program_packed_cache_info(program, &info), XNNIR_OK);
  EXPECT_EQ(info.packed, 0u);
  xnnir_program_free(program);

  xnnir_program_options options = XNNIR_INIT(xnnir_program_options);
  const char *const missing[] = {"/nowhere/weights.ptd"};
  options.data_paths = missing;
  options.num_data_paths = 1;
  EXPECT_EQ(xnnir_program_load_buffer(file.data(), file.size(), nullptr, nullptr, &options, &program),
            XNNIR_NOT_FOUND);
  EXPECT_THAT(xnnir_last_error(), HasSubstr("/nowhere/weights.ptd"));
  options.data_paths = nullptr;
  EXPECT_EQ(xnnir_program_load_buffer(file.data(), file.size(), nullptr, nullptr, &options, &program),
            XNNIR_INVALID_ARGUMENT);
  options = XNNIR_INIT(xnnir_program_options);
  options.workspace_sharing_mode = 3;
  EXPECT_EQ(xnnir_program_load_buffer(file.data(), file.size(), nullptr, nullptr, &options, &program),
            XNNIR_INVALID_ARGUMENT);
  options.workspace_sharing_mode = XNNIR_WORKSPACE_GLOBAL;
  options.weight_cache_disabled = true;
  ASSERT_EQ(xnnir_program_load_buffer(file.data(), file.size(), nullptr, nullptr, &options, &program),
            XNNIR_OK);
  xnnir_program_free(program);
}

int released = 0;
void count_release(void *owner) { released += *static_cast<int *>(owner); }

TEST(CApi, OwnersAreReleased) {
  const std::vector<uint8_t> file = scale_file("aten::unknown");
  // Of a page of its own: what ends near the end of one is copied, and its owner released at once.
  alignas(4096) static uint8_t aligned[4096];
  ASSERT_LT(file.size(), sizeof(aligned) - 128);
  std::copy(file.begin(), file.end(), aligned);
  int one = 1;
  xnnir_program *program = nullptr;
  ASSERT_EQ(xnnir_program_load_buffer(aligned, file.size(), count_release, &one, nullptr, &program),
            XNNIR_OK);
  EXPECT_EQ(released, 0);
  xnnir_program_free(program);
  EXPECT_EQ(released, 1);
  EXPECT_EQ(xnnir_program_load_buffer(aligned, 100, count_release, &one, nullptr, &program),
            XNNIR_INVALID_PROGRAM);
  EXPECT_EQ(released, 2);
  EXPECT_EQ(xnnir_program_load_buffer(nullptr, 100, count_release, &one, nullptr, &program),
            XNNIR_INVALID_ARGUMENT);
  EXPECT_EQ(released, 3);
}

TEST(CApi, NullsAndOthers) {
  xnnir_program *program = nullptr;
  xnnir_method *method = nullptr;
  xnnir_tensor tensor = XNNIR_INIT(xnnir_tensor);
  EXPECT_EQ(xnnir_program_load_file(nullptr, nullptr, &program), XNNIR_INVALID_ARGUMENT);
  EXPECT_EQ(xnnir_program_load_file("/nowhere/model.pte", nullptr, nullptr), XNNIR_INVALID_ARGUMENT);
  EXPECT_EQ(xnnir_program_load_file("/nowhere/model.pte", nullptr, &program), XNNIR_NOT_FOUND);
  EXPECT_EQ(xnnir_program_load_method(nullptr, "forward", nullptr, &method), XNNIR_INVALID_ARGUMENT);
  EXPECT_EQ(xnnir_method_execute(nullptr), XNNIR_INVALID_ARGUMENT);
  EXPECT_STREQ(xnnir_last_error(), "method is null");
  EXPECT_EQ(xnnir_method_set_input(nullptr, 0, &tensor), XNNIR_INVALID_ARGUMENT);
  EXPECT_EQ(xnnir_method_output(nullptr, 0, &tensor), XNNIR_INVALID_ARGUMENT);
  EXPECT_EQ(xnnir_register_kernel(nullptr, scale, nullptr), XNNIR_INVALID_ARGUMENT);
  EXPECT_EQ(xnnir_register_kernel("c::null.out", nullptr, nullptr), XNNIR_INVALID_ARGUMENT);
  EXPECT_EQ(xnnir_call_tensor(nullptr, 0, &tensor), XNNIR_INVALID_ARGUMENT);
  EXPECT_EQ(xnnir_program_num_methods(nullptr), 0u);
  EXPECT_EQ(xnnir_method_metadata(nullptr), nullptr);
  EXPECT_EQ(xnnir_metadata_name(nullptr), nullptr);
  xnnir_program_free(nullptr);
  xnnir_method_free(nullptr);
  xnnir_metadata_free(nullptr);
  EXPECT_STREQ(xnnir_status_name(XNNIR_NOT_FOUND), "not found");
  EXPECT_STREQ(xnnir_status_name(999), "unknown error");
  EXPECT_STREQ(xnnir_dtype_name(XNNIR_BFLOAT16), "bfloat16");
  EXPECT_STREQ(xnnir_dtype_name(-1), "unknown");
  EXPECT_EQ(xnnir_dtype_size(XNNIR_INT64), 8u);
  EXPECT_EQ(xnnir_dtype_size(1 << 20), 0u);
  EXPECT_EQ(xnnir_abi_version(), static_cast<uint32_t>(XNNIR_ABI_VERSION));

  const std::vector<uint8_t> file = scale_file("c::scale_of_nulls");
  ASSERT_EQ(xnnir_register_kernel("c::scale_of_nulls.out", refuse_in_silence, nullptr), XNNIR_OK);
  const ProgramHandle loaded = load_c(file);
  const MethodHandle forward = load_forward_c(loaded.get());
  float data[4] = {};
  const int32_t size = 4;
  xnnir_tensor view = float_view(data, 4, &size);
  EXPECT_EQ(xnnir_method_set_input(forward.get(), 1, &view), XNNIR_INVALID_ARGUMENT);
  EXPECT_EQ(xnnir_method_set_input_int(forward.get(), 0, 1), XNNIR_INVALID_TYPE);
  view.nbytes = 15;
  EXPECT_EQ(xnnir_method_set_input(forward.get(), 0, &view), XNNIR_INVALID_ARGUMENT);
  EXPECT_STREQ(xnnir_last_error(), "input 0: the tensor has 15 bytes, expected 16 for its shape");
  view.rank = 17;
  EXPECT_EQ(xnnir_method_set_input(forward.get(), 0, &view), XNNIR_INVALID_ARGUMENT);
  view.rank = 1;
  view.dtype = 99;
  EXPECT_NE(xnnir_method_set_input(forward.get(), 0, &view), XNNIR_OK);
  view.dtype = 300;
  EXPECT_EQ(xnnir_method_set_input(forward.get(), 0, &view), XNNIR_INVALID_ARGUMENT);
  view.sizes = nullptr;
  view.dtype = XNNIR_FLOAT32;
  EXPECT_EQ(xnnir_method_set_input(forward.get(), 0, &view), XNNIR_INVALID_ARGUMENT);
  EXPECT_EQ(xnnir_method_output(forward.get(), 1, &tensor), XNNIR_INVALID_ARGUMENT);
  int64_t number = 0;
  EXPECT_EQ(xnnir_method_output_int(forward.get(), 0, &number), XNNIR_INVALID_TYPE);
}

TEST(CApi, ErrorsAreOfTheThread) {
  EXPECT_EQ(xnnir_method_execute(nullptr), XNNIR_INVALID_ARGUMENT);
  std::thread([] {
    EXPECT_STREQ(xnnir_last_error(), "");
    EXPECT_EQ(xnnir_set_allocator(nullptr), XNNIR_INVALID_ARGUMENT);
    EXPECT_STREQ(xnnir_last_error(), "allocator is null");
  }).join();
  EXPECT_STREQ(xnnir_last_error(), "method is null");
}

} // namespace

} // namespace xnnir::test
