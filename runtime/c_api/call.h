// The arguments of a kernel or delegate of C.
#pragma once

#include "xnnir/span.h"
#include "xnnir/value.h"
#include "xnnir/xnnir.h"

struct xnnir_call {
  xnnir::Span<xnnir::Value *> args;
  // What lists refer to; empty for delegates, whose arguments are tensors.
  xnnir::Span<xnnir::Value> table;
};
