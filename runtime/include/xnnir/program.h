// A .pte file, alone or in a .bpte file: its methods, and how to load them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "xnnir/bundled.h"
#include "xnnir/limits.h"
#include "xnnir/method.h"
#include "xnnir/method_meta.h"
#include "xnnir/packed_weights.h"
#include "xnnir/source.h"
#include "xnnir/span.h"
#include "xnnir/status.h"

namespace xnnir {

// What delegates share, and the file of packed weights, are among the options of the backends.
struct ProgramOptions : BackendOptions {
  // Threads that runs use, the caller's among them; 0 for default_thread_count().
  size_t num_threads = 0;
  // .ptd files with what the program keeps outside.
  std::vector<Source> data;
  // What the file may ask for: for files that come from somewhere.
  Limits limits;
};

// A cheap handle: copies share the file, and loaded methods keep it. Thread-safe.
class Program {
public:
  // Checks all of the file: kInvalidProgram names the field that is wrong, kInvalidExternalData the same of a
  // .ptd file, kNotFound and kAccessFailed that a file cannot be read. Weights of a file stay on disk until
  // something reads them.
  static Result<Program> load(const Source &source, const ProgramOptions &options = {});
  static Result<Program> load_file(const std::string &path, const ProgramOptions &options = {}) {
    return load(Source::file(path), options);
  }
  static Result<Program> load_buffer(Span<const uint8_t> bytes, std::shared_ptr<const void> owner,
                                     const ProgramOptions &options = {}) {
    return load(Source::buffer(bytes, std::move(owner)), options);
  }

  // In the file's order.
  std::vector<std::string> method_names() const;
  // kNotFound lists the methods that there are.
  Result<MethodMeta> metadata(const std::string &method) const;

  // Initialises the method's delegates and finds its kernels. kNotFound: no such method, or a backend that is
  // not registered. kOperatorMissing names all operators that are not. Delegates' errors are passed on.
  Result<Method> load_method(const std::string &method, const MethodOptions &options = {}) const;

  // Calls that a .bpte file has for the method; none where there are none, as in a .pte file. kNotFound as
  // metadata().
  Result<std::vector<BundledTestCase>> bundled_test_cases(const std::string &method) const;

  // Threads that runs use.
  size_t num_threads() const;

  // What came of ProgramOptions::packed_cache_path in the loads of methods until now.
  PackedCacheInfo packed_cache_info() const;

private:
  struct State;
  friend class Method;
  explicit Program(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

} // namespace xnnir
