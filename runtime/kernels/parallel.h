// Splits loops over the threads of a program.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/pool_loop.h"

namespace xnnir {

// Simple operations that a thread should have to do before it is woken: a wake-up costs some microseconds.
constexpr size_t kMinParallelWork = 32 * 1024;

// Calls body(start, count) for ranges that cover [0, count), each once, at the same time on the pool's
// threads when there is work for more than one. `cost` is the number of simple operations that one index
// takes.
template <typename Body>
void parallel_for(pthreadpool *threads, size_t count, size_t cost, const Body &body) {
  if (count == 0)
    return;
  const size_t workers = threads == nullptr ? 1 : pthreadpool_get_threads_count(threads);
  const size_t grain = std::max<size_t>(kMinParallelWork / std::max<size_t>(cost, 1), 1);
  // Several ranges a thread, so that one that is late does not hold up all.
  const size_t range = std::max(grain, (count + 4 * workers - 1) / (4 * workers));
  if (workers == 1 || range >= count) {
    body(size_t{0}, count);
    return;
  }
  run_on_pool(
      threads,
      [](void *context, size_t start, size_t size) { (*static_cast<const Body *>(context))(start, size); },
      const_cast<Body *>(&body), count, range);
}

} // namespace xnnir
