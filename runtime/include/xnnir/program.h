// A .pte file: its methods, and how to load them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "xnnir/method.h"
#include "xnnir/method_meta.h"
#include "xnnir/span.h"
#include "xnnir/status.h"

namespace xnnir {

struct ProgramOptions {
  // Threads that runs use, the caller's among them; 0 for default_thread_count().
  size_t num_threads = 0;
};

// A cheap handle: copies share the file, and loaded methods keep it. Thread-safe.
class Program {
public:
  // Maps the file and checks all of it: kInvalidProgram names the field that is wrong, kNotFound and
  // kAccessFailed that the file cannot be read. Weights stay on disk until something reads them.
  static Result<Program> load_file(const std::string &path, const ProgramOptions &options = {});

  // The same for bytes in memory, which must stay unchanged as long as `owner` lives; the program keeps
  // `owner` (null: the caller sees to it). The bytes are used in place if they are aligned to 16 bytes and
  // XNNPACK's reading a few bytes past their end cannot fault, else copied.
  static Result<Program> load_buffer(Span<const uint8_t> bytes, std::shared_ptr<const void> owner,
                                     const ProgramOptions &options = {});

  // In the file's order.
  std::vector<std::string> method_names() const;
  // kNotFound lists the methods that there are.
  Result<MethodMeta> metadata(const std::string &method) const;

  // Initialises the method's delegates and finds its kernels. kNotFound: no such method, or a backend that is
  // not registered. kOperatorMissing names all operators that are not. Delegates' errors are passed on.
  Result<Method> load_method(const std::string &method, const MethodOptions &options = {}) const;

  // Threads that runs use.
  size_t num_threads() const;

private:
  struct State;
  friend class Method;
  explicit Program(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

} // namespace xnnir
