#include "xnnir/program.h"

#include <chrono>
#include <cstring>

#include "core/method_state.h"
#include "core/no_throw.h"
#include "xnnir/log.h"

namespace xnnir {

const MethodPlan *Program::State::find(const std::string &method) const {
  for (const MethodPlan &plan : file->methods())
    if (plan.name == method)
      return &plan;
  return nullptr;
}

Status Program::State::load(const Source &source, const ProgramOptions &given) {
  options = given;
  Result<LoadedSource> loaded = LoadedSource::load(source);
  if (!loaded.ok())
    return loaded.status();
  sources.push_back(std::move(*loaded));
  Span<const uint8_t> bytes = sources.back().bytes();
  if (is_bundled_file(bytes)) {
    Result<BundledFile> read = read_bundled_file(bytes, options.limits);
    if (!read.ok())
      return sources.back().about(read.status());
    bytes = read->program;
    bundled = std::move(read->test_cases);
  }
  Result<std::unique_ptr<ProgramFile>> opened = ProgramFile::open(bytes, options.limits);
  if (!opened.ok())
    return sources.back().about(opened.status());
  file = std::move(*opened);
  for (const Source &data : options.data)
    XNNIR_RETURN_IF_ERROR(load_data(data));
  Result<std::shared_ptr<const ThreadPool>> pool = ThreadPool::shared(options.num_threads);
  if (!pool.ok())
    return pool.status();
  threads = std::move(*pool);
  return {};
}

Status Program::State::load_data(const Source &source) {
  Result<LoadedSource> loaded = LoadedSource::load(source);
  if (!loaded.ok())
    return loaded.status();
  sources.push_back(std::move(*loaded));
  Result<std::unordered_map<std::string, NamedBytes>> entries =
      read_data_file(sources.back().bytes(), options.limits);
  if (!entries.ok())
    return sources.back().about(entries.status());
  for (auto &[key, entry] : *entries) {
    // Which of two is meant nobody can say. The same bytes twice do no harm: names often are their hashes.
    const auto [existing, added] = external.emplace(key, entry);
    const Result<Span<const uint8_t>> own = file->get(key);
    const Span<const uint8_t> other = own.ok() ? own.value() : existing->second.bytes;
    if ((own.ok() || !added) && (other.size() != entry.bytes.size() ||
                                 std::memcmp(other.data(), entry.bytes.data(), other.size()) != 0))
      return sources.back().about(
          make_status(StatusCode::kInvalidExternalData,
                      "'%s' is in %s as well, with other bytes: were these files made together?", key.c_str(),
                      own.ok() ? "the program" : "another data file"));
  }
  return {};
}

Result<Span<const uint8_t>> Program::State::get(const std::string &key) const {
  Result<Span<const uint8_t>> own = file->get(key);
  if (own.ok())
    return own;
  if (const NamedBytes *found = find_external(key))
    return found->bytes;
  if (sources.size() > 1)
    return make_status(StatusCode::kNotFound,
                       "no named data has the key '%s' (the program has %zu keys, its data files %zu)",
                       key.c_str(), file->named_data_keys().size(), external.size());
  return make_status(StatusCode::kNotFound,
                     "%s; if the program was saved with its weights outside, name the .ptd file that it was "
                     "saved with",
                     own.status().message().c_str());
}

const NamedBytes *Program::State::find_external(const std::string &key) const {
  const auto position = external.find(key);
  return position == external.end() ? nullptr : &position->second;
}

std::shared_ptr<BackendState> Program::State::backend_state(Backend *backend) const {
  const std::lock_guard<std::mutex> lock(backends_mutex);
  const auto position = backends.find(backend);
  if (position != backends.end())
    return position->second;
  return backends.emplace(backend, backend->open_program(options)).first->second;
}

void Program::State::release(Span<const uint8_t> bytes) const {
  for (const LoadedSource &source : sources)
    source.release(bytes);
}

bool Program::State::locate(Span<const uint8_t> bytes, std::string &file_name, uint64_t &offset) const {
  for (const LoadedSource &source : sources)
    if (source.locate(bytes, file_name, offset))
      return true;
  return false;
}

bool Program::State::contains(Span<const uint8_t> bytes) const {
  for (const LoadedSource &source : sources)
    if (source.contains(bytes))
      return true;
  return false;
}

Program::Program(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Result<Program> Program::load(const Source &source, const ProgramOptions &options) {
  return without_exceptions("load a program", [&]() -> Result<Program> {
    auto state = std::make_shared<State>();
    XNNIR_RETURN_IF_ERROR(state->load(source, options));
    log(LogLevel::kDebug, "loaded a program of %zu bytes with %zu data files: %zu methods, %zu threads",
        state->sources.front().bytes().size(), state->sources.size() - 1, state->file->methods().size(),
        state->threads->count());
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
  return without_exceptions("describe a method", [&]() -> Result<MethodMeta> {
    const MethodPlan *plan = state_->find(method);
    if (plan != nullptr)
      return make_metadata(*plan);
    std::string names;
    for (const std::string &name : method_names())
      names += (names.empty() ? "" : ", ") + name;
    return make_status(StatusCode::kNotFound, "the program has no method '%s' (it has: %s)", method.c_str(),
                       names.c_str());
  });
}

Result<Method> Program::load_method(const std::string &method, const MethodOptions &options) const {
  return without_exceptions("load a method", [&]() -> Result<Method> {
    Result<MethodMeta> metadata = this->metadata(method);
    if (!metadata.ok())
      return metadata.status();
    XNNIR_RETURN_IF_ERROR(state_->threads->check_process());
    const auto start = std::chrono::steady_clock::now();
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
    state->prepare_profile();
    for (const DelegatePlan &delegate : state->plan->delegates)
      if (const auto shared = state_->backend_state(find_backend(delegate.backend_id)))
        shared->finish_loading();
    if (!state_->options.packed_cache_path.empty() && is_logged(LogLevel::kInfo))
      if (const PackedCacheInfo info = packed_cache_info(); !info.message.empty())
        log(LogLevel::kInfo, "packed weights: %s", info.message.c_str());
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    log(LogLevel::kDebug, "loaded method '%s' in %.3f ms: %zu instructions, %zu delegates", method.c_str(),
        elapsed.count(), state->steps.size(), state->delegates.size());
    return Method(std::move(state));
  });
}

Result<std::vector<BundledTestCase>> Program::bundled_test_cases(const std::string &method) const {
  return without_exceptions("copy test cases", [&]() -> Result<std::vector<BundledTestCase>> {
    const Result<MethodMeta> known = metadata(method);
    if (!known.ok())
      return known.status();
    const auto found = state_->bundled.find(method);
    return found == state_->bundled.end() ? std::vector<BundledTestCase>() : found->second;
  });
}

size_t Program::num_threads() const { return state_->threads->count(); }

PackedCacheInfo Program::packed_cache_info() const {
  PackedCacheInfo sum;
  const std::lock_guard<std::mutex> lock(state_->backends_mutex);
  for (const auto &[backend, shared] : state_->backends) {
    if (shared == nullptr)
      continue;
    const PackedCacheInfo info = shared->packed_cache_info();
    sum.read += info.read;
    sum.packed += info.packed;
    sum.read_bytes += info.read_bytes;
    sum.packed_bytes += info.packed_bytes;
    sum.written = sum.written || info.written;
    if (sum.message.empty())
      sum.message = info.message;
  }
  return sum;
}

} // namespace xnnir
