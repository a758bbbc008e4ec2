// Splits loops over the threads of a program.
#pragma once

#include <algorithm>
#include <cstddef>

#include <pthreadpool.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define XNNIR_THREAD_SANITIZER
#endif
#endif

#ifdef XNNIR_THREAD_SANITIZER
extern "C" void __tsan_acquire(void *address);
extern "C" void __tsan_release(void *address);
#endif

namespace xnnir {

// Simple operations that a thread should have to do before it is woken: a wake-up costs some microseconds.
constexpr size_t kMinParallelWork = 32 * 1024;

// Calls function(context, start, size) for ranges of up to `tile` indices, on the pool's threads.
inline void run_on_pool(pthreadpool *threads, void (*function)(void *context, size_t start, size_t size),
                        void *context, size_t count, size_t tile) {
#ifdef XNNIR_THREAD_SANITIZER
  // The pool is built without the sanitizer, which so does not see that it orders what happens before, in and
  // after a loop.
  struct Loop {
    void (*function)(void *context, size_t start, size_t size);
    void *context;
    char end;
  } loop = {function, context, 0};
  __tsan_release(&loop);
  pthreadpool_parallelize_1d_tile_1d(
      threads,
      [](void *pointer, size_t start, size_t size) {
        __tsan_acquire(pointer);
        Loop &running = *static_cast<Loop *>(pointer);
        running.function(running.context, start, size);
        __tsan_release(&running.end);
      },
      &loop, count, tile, 0);
  __tsan_acquire(&loop.end);
#else
  pthreadpool_parallelize_1d_tile_1d(threads, function, context, count, tile, 0);
#endif
}

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
