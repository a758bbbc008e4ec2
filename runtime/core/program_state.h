// What a program's handles share.
#pragma once

#include <memory>

#include "core/memory.h"
#include "core/thread_pool.h"
#include "format/program_file.h"
#include "xnnir/program.h"

namespace xnnir {

struct Program::State {
  // Kept for the bytes: a mapped file, the caller's owner, or a copy.
  std::shared_ptr<const void> owner;
  AlignedBuffer copy;
  std::shared_ptr<const ThreadPool> threads;
  std::unique_ptr<ProgramFile> file;

  // Null when there is none of that name.
  const MethodPlan *find(const std::string &method) const;
};

} // namespace xnnir
