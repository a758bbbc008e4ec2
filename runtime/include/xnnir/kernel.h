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
  KernelContext(Span<Value> values, pthreadpool *threads) : values_(values), threads_(threads) {}
  // The method's whole value table: lists refer to it.
  Span<Value> values() const { return values_; }
  pthreadpool *threads() const { return threads_; }

private:
  Span<Value> values_;
  pthreadpool *threads_;
};

// `args` follow the .pte convention for out-variants: every schema argument in order (the out tensor among
// them), then the returned value once more.
using KernelFunction = Status (*)(KernelContext &context, Span<Value *> args);

// `name` is the operator as the file spells it, with its overload: "aten::view_copy.out". Thread-safe.
Status register_kernel(const char *name, KernelFunction function);
// Null when nothing has that name.
KernelFunction find_kernel(const std::string &name);
std::vector<std::string> registered_kernel_names();

// Registers during static initialisation: `static const KernelRegistration add("aten::add.out", add_out);`
struct KernelRegistration {
  KernelRegistration(const char *name, KernelFunction function);
};

} // namespace xnnir
