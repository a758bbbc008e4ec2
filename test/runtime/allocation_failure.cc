// Every allocation fails once, of the runtime and of XNNPACK: each load and run then gives a clean error,
// leaks nothing, and the same call works afterwards. The linker sends the C allocators here (see
// CMakeLists.txt).
#include <atomic>
#include <cstdlib>
#include <new>

#include "delegate_samples.h"
#include "program_samples.h"

namespace {

// Allocations until one fails; negative for none. `failing` has all after it fail, too.
std::atomic<int64_t> countdown = -1;
std::atomic<bool> failing = false;
std::atomic<bool> failed = false;
std::atomic<int64_t> blocks = 0;

bool refuse() {
  int64_t left = countdown;
  while (left > 0 && !countdown.compare_exchange_weak(left, left - 1)) {
  }
  if (left != 0)
    return false;
  failed = true;
  if (!failing)
    countdown = -1;
  return true;
}

void *counted(void *memory) {
  if (memory != nullptr)
    ++blocks;
  return memory;
}

} // namespace

extern "C" {
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void *__real_memalign(size_t alignment, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *memory);

void *__wrap_malloc(size_t size) { return refuse() ? nullptr : counted(__real_malloc(size)); }
void *__wrap_calloc(size_t count, size_t size) {
  return refuse() ? nullptr : counted(__real_calloc(count, size));
}
void *__wrap_realloc(void *memory, size_t size) {
  if (refuse())
    return nullptr;
  void *moved = __real_realloc(memory, size);
  if (memory == nullptr)
    counted(moved);
  return moved;
}
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size) {
  if (refuse())
    return ENOMEM;
  const int status = __real_posix_memalign(memory, alignment, size);
  if (status == 0)
    counted(*memory);
  return status;
}
void *__wrap_memalign(size_t alignment, size_t size) {
  return refuse() ? nullptr : counted(__real_memalign(alignment, size));
}
void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  return refuse() ? nullptr : counted(__real_aligned_alloc(alignment, size));
}
void __wrap_free(void *memory) {
  if (memory != nullptr)
    --blocks;
  __real_free(memory);
}
}

void *operator new(size_t size) {
  if (void *memory = __wrap_malloc(size > 0 ? size : 1))
    return memory;
  throw std::bad_alloc();
}
void *operator new(size_t size, const std::nothrow_t &) noexcept {
  return __wrap_malloc(size > 0 ? size : 1);
}
void operator delete(void *memory) noexcept { __wrap_free(memory); }
void operator delete(void *memory, size_t) noexcept { __wrap_free(memory); }

namespace xnnir::test {
namespace {

std::vector<uint8_t> delegate_file(Sample sample) {
  BlobBuilder blob(Constants::kBehindFlatbuffer);
  sample(blob);
  return delegate_program(blob.finish(), blob.backend);
}

// Loads the file, and runs its method twice. Messages of failures must be there, unless there was no memory
// for them.
Status load_and_run(const std::vector<uint8_t> &file, size_t threads, std::vector<std::vector<float>> &data) {
  ProgramOptions options;
  options.num_threads = threads;
  Result<Program> program = Program::load_buffer(Span<const uint8_t>(file), nullptr, options);
  if (!program.ok())
    return program.status();
  Result<Method> method = program->load_method("forward");
  if (!method.ok())
    return method.status();
  for (int run = 0; run < 2; ++run) {
    for (size_t i = 0; i < method->metadata().inputs.size(); ++i) {
      const TensorMeta &meta = method->metadata().inputs[i].tensor;
      Result<Tensor> tensor = Tensor::make(meta.dtype, Span<const int32_t>(meta.sizes),
                                           Span<const uint8_t>(meta.dim_order), ShapeDynamism::kStatic);
      tensor->set_data(data[i].data(), data[i].size() * sizeof(float));
      // A Value of a tensor takes no memory.
      XNNIR_RETURN_IF_ERROR(method->set_input(i, Value(*tensor)));
    }
    XNNIR_RETURN_IF_ERROR(method->execute());
  }
  return {};
}

void fail_everywhere(const std::vector<uint8_t> &file, size_t threads) {
  std::vector<std::vector<float>> data(2, std::vector<float>(64, 0.5f));
  const Status first = load_and_run(file, threads, data);
  ASSERT_TRUE(first.ok()) << first.message();
  for (const bool all_after : {false, true}) {
    size_t failures = 0;
    for (int64_t n = 0;; ++n) {
      const int64_t before = blocks;
      failed = false;
      failing = all_after;
      countdown = n;
      StatusCode code = StatusCode::kOk;
      bool has_message = true;
      {
        const Status status = load_and_run(file, threads, data);
        code = status.code();
        has_message = status.ok() || !status.message().empty();
      }
      countdown = -1;
      ASSERT_EQ(blocks, before) << "leaked when allocation " << n << " failed";
      if (!failed)
        break;
      ++failures;
      // Some failures cost nothing: a cache that stays empty, a message that is not made.
      if (code == StatusCode::kOk)
        continue;
      ASSERT_TRUE(code == StatusCode::kMemoryAllocationFailed || code == StatusCode::kOutOfResources)
          << "allocation " << n << " failed: " << to_string(code);
      ASSERT_TRUE(has_message) << n;
    }
    EXPECT_GT(failures, 50u);
    const Status after = load_and_run(file, threads, data);
    EXPECT_TRUE(after.ok()) << after.message();
  }
}

TEST(AllocationFailure, Kernels) {
  ProgramBuilder builder;
  fill(builder);
  fail_everywhere(builder.build(), 1);
}

TEST(AllocationFailure, ControlFlowAndGrowingTensors) { fail_everywhere(control_flow_program(), 1); }

TEST(AllocationFailure, Delegates) {
  for (const Sample sample : kSamples)
    fail_everywhere(delegate_file(sample), 1);
}

// The pool is made, and ended, in each of the loads.
TEST(AllocationFailure, TwoThreads) {
  ProgramBuilder builder;
  fill(builder);
  fail_everywhere(builder.build(), 2);
  fail_everywhere(delegate_file(kSamples[0]), 2);
}

} // namespace
} // namespace xnnir::test
