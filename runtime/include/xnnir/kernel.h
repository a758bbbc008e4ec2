// Host kernels: what runs outside the delegates, and where they register.
#pragma once

#include <string>
#include <vector>

#include "xnnir/span.h"
#include "xnnir/status.h"
#include "xnnir/value.h"

struct pthreadpool;

namespace xnnir {

class KernelContext {
public:
  KernelContext(Span<Value> values, pthreadpool *threads, void *user_data = nullptr)
      : values_(values), threads_(threads), user_data_(user_data) {}
  // The method's whole value table: lists refer to it.
  Span<Value> values() const { return values_; }
  // Null for the calling thread alone.
  pthreadpool *threads() const { return threads_; }
  // What the kernel was registered with.
  void *user_data() const { return user_data_; }

private:
  Span<Value> values_;
  pthreadpool *threads_;
  void *user_data_;
};

// `args` follow the .pte convention for out-variants: every schema argument in order (the out tensor among
// them), then the returned value once more.
using KernelFunction = Status (*)(KernelContext &context, Span<Value *> args);

struct Kernel {
  KernelFunction function = nullptr;
  void *user_data = nullptr;
};

// `name` is the operator as the file spells it, with its overload: "aten::view_copy.out". `user_data` must
// stay as long as methods use the kernel. kInvalidState when the name has another kernel already, which it
// keeps. Thread-safe.
Status register_kernel(const char *name, KernelFunction function, void *user_data = nullptr);
// Without a function when nothing has that name.
Kernel find_kernel(const std::string &name);
std::vector<std::string> registered_kernel_names();

// Registers during static initialisation, and logs a warning where register_kernel() fails:
//     static const KernelRegistration add("aten::add.out", add_out);
struct KernelRegistration {
  KernelRegistration(const char *name, KernelFunction function);
};

} // namespace xnnir
