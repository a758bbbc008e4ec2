// What the handles of the C API hold.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "xnnir/program.h"
#include "xnnir/xnnir.h"

struct xnnir_metadata {
  xnnir::MethodMeta meta;
};

struct xnnir_program {
  xnnir::Program program;
  std::vector<std::string> method_names;
};

// A method points to its hooks, so they go with it.
struct xnnir_method_hooks {
  xnnir_profile_hook begin = nullptr;
  xnnir_profile_hook end = nullptr;
  void *user_data = nullptr;
};

struct xnnir_method {
  std::unique_ptr<xnnir_method_hooks> hooks;
  xnnir_metadata metadata;
  xnnir::Method method;
  // What xnnir_method_profile_text() gave last.
  std::string text;
};
