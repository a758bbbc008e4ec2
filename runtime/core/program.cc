#include "xnnir/program.h"

#include <cstring>
#include <new>

#include "core/method_state.h"
#include "core/platform.h"

namespace xnnir {

namespace {

constexpr size_t kBufferAlignment = 16;

// Containers throw when memory runs out; nothing else here does.
template <typename T, typename Function> Result<T> without_exceptions(const char *what, Function function) {
  try {
    return function();
  } catch (const std::bad_alloc &) {
    return make_status(StatusCode::kMemoryAllocationFailed, "not enough memory to %s", what);
  }
}

} // namespace

const MethodPlan *Program::State::find(const std::string &method) const {
  for (const MethodPlan &plan : file->methods())
    if (plan.name == method)
      return &plan;
  return nullptr;
}

Program::Program(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Result<Program> Program::load_file(const std::string &path, const ProgramOptions &options) {
  return without_exceptions<Program>("load a program", [&]() -> Result<Program> {
    Result<std::shared_ptr<const MappedFile>> mapped = map_file(path);
    if (!mapped.ok())
      return mapped.status();
    auto state = std::make_shared<State>();
    const Span<const uint8_t> bytes = (*mapped)->bytes();
    state->owner = *mapped;
    Result<std::unique_ptr<ProgramFile>> file = ProgramFile::open(bytes);
    if (!file.ok())
      return Status(file.status().code(), "'" + path + "': " + file.status().message());
    state->file = std::move(*file);
    Result<std::shared_ptr<const ThreadPool>> threads = ThreadPool::shared(options.num_threads);
    if (!threads.ok())
      return threads.status();
    state->threads = std::move(*threads);
    return Program(std::move(state));
  });
}

Result<Program> Program::load_buffer(Span<const uint8_t> bytes, std::shared_ptr<const void> owner,
                                     const ProgramOptions &options) {
  return without_exceptions<Program>("load a program", [&]() -> Result<Program> {
    auto state = std::make_shared<State>();
    if (reinterpret_cast<uintptr_t>(bytes.data()) % kBufferAlignment != 0 ||
        !can_over_read(bytes.data(), bytes.size())) {
      state->copy = AlignedBuffer::allocate(bytes.size());
      if (state->copy.data() == nullptr)
        return make_status(StatusCode::kMemoryAllocationFailed,
                           "a program of %zu bytes needs an aligned copy", bytes.size());
      std::memcpy(state->copy.data(), bytes.data(), bytes.size());
      bytes = {state->copy.data(), bytes.size()};
    } else {
      state->owner = std::move(owner);
    }
    Result<std::unique_ptr<ProgramFile>> file = ProgramFile::open(bytes);
    if (!file.ok())
      return file.status();
    state->file = std::move(*file);
    Result<std::shared_ptr<const ThreadPool>> threads = ThreadPool::shared(options.num_threads);
    if (!threads.ok())
      return threads.status();
    state->threads = std::move(*threads);
    return Program(std::move(state));
  });
}

std::vector<std::string> Program::method_names() const {
  std::vector<std::string> names;
  for (const MethodPlan &plan : state_->file->methods())
    names.push_back(plan.name);
  return names;
}

Result<MethodMeta> Program::metadata(const std::string &method) const {
  const MethodPlan *plan = state_->find(method);
  if (plan != nullptr)
    return make_metadata(*plan);
  std::string names;
  for (const std::string &name : method_names())
    names += (names.empty() ? "" : ", ") + name;
  return make_status(StatusCode::kNotFound, "the program has no method '%s' (it has: %s)", method.c_str(),
                     names.c_str());
}

Result<Method> Program::load_method(const std::string &method, const MethodOptions &options) const {
  return without_exceptions<Method>("load a method", [&]() -> Result<Method> {
    Result<MethodMeta> metadata = this->metadata(method);
    if (!metadata.ok())
      return metadata.status();
    XNNIR_RETURN_IF_ERROR(state_->threads->check_process());
    auto state = std::make_unique<Method::State>();
    state->program = state_;
    state->plan = state_->find(method);
    state->metadata = std::move(*metadata);
    state->options = options;
    state->values = state->plan->values;
    // Kernels first: a missing one is known at once, where delegates take time.
    XNNIR_RETURN_IF_ERROR(state->resolve_steps());
    XNNIR_RETURN_IF_ERROR(state->place_tensors());
    XNNIR_RETURN_IF_ERROR(state->init_delegates());
    for (Step &step : state->steps)
      if (step.kind == InstructionKind::kDelegateCall)
        step.delegate = state->delegates[step.index].get();
    XNNIR_RETURN_IF_ERROR(state->bind());
    return Method(std::move(state));
  });
}

size_t Program::num_threads() const { return state_->threads->count(); }

} // namespace xnnir
