// Loops on the threads of a pool.
#pragma once

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

} // namespace xnnir
