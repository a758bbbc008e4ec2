// Included before every kernel's file when a build is for certain programs only (CMake's XNNIR_SELECT_FROM):
// kernels that those do not call are not registered. Their names are literals, so the compiler knows which;
// nothing refers to the others, and they are not in the binary.
#pragma once

#include <cstring>

#include "xnnir/kernel.h"
#include "xnnir_selection.h"

namespace xnnir {

struct SelectedKernelRegistration {
  [[gnu::always_inline]] SelectedKernelRegistration(const char *name, KernelFunction function) {
#define XNNIR_IS_NAME(selected) || std::strcmp(name, selected) == 0
    if (false XNNIR_SELECTED_KERNELS(XNNIR_IS_NAME))
      static_cast<void>(KernelRegistration(name, function));
#undef XNNIR_IS_NAME
  }
};

} // namespace xnnir

#define KernelRegistration SelectedKernelRegistration
