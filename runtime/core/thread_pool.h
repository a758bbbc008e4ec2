// Pools of threads, shared by the programs that ask for the same number.
#pragma once

#include <cstddef>
#include <memory>

#include "xnnir/status.h"
#include "xnnir/threads.h"

struct pthreadpool;

namespace xnnir {

class ThreadPool {
public:
  // 0 stands for default_thread_count(). Programs with the same count share one pool: runs that overlap take
  // turns at it. A program keeps the pool it got, so other counts can be asked for at any time.
  static Result<std::shared_ptr<const ThreadPool>> shared(size_t count);

  ThreadPool(pthreadpool *handle, size_t count);
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;
  ~ThreadPool();

  // Null for one thread: work then is done by the caller alone.
  pthreadpool *handle() const { return handle_; }
  // Threads that work, the caller among them.
  size_t count() const { return count_; }
  // kInvalidState in a process that was forked after the pool was made: its threads stayed behind.
  Status check_process() const;

private:
  bool is_of_this_process() const;

  pthreadpool *handle_;
  size_t count_;
  int process_;
};

} // namespace xnnir
