#include "core/thread_pool.h"

#include <algorithm>
#include <map>
#include <mutex>

#include <cpuinfo.h>
#include <pthreadpool.h>

#include "core/platform.h"

namespace xnnir {

namespace {

// Small cores of big.LITTLE chips: a pool that spans them waits for the slowest.
bool is_efficiency_core(cpuinfo_uarch uarch) {
  switch (uarch) {
  case cpuinfo_uarch_cortex_a5:
  case cpuinfo_uarch_cortex_a7:
  case cpuinfo_uarch_cortex_a32:
  case cpuinfo_uarch_cortex_a35:
  case cpuinfo_uarch_cortex_a53:
  case cpuinfo_uarch_cortex_a55r0:
  case cpuinfo_uarch_cortex_a55:
  case cpuinfo_uarch_cortex_a510:
  case cpuinfo_uarch_icestorm:
  case cpuinfo_uarch_blizzard:
    return true;
  default:
    return false;
  }
}

size_t performance_core_count() {
  if (!cpuinfo_initialize())
    return usable_cpu_count();
  const uint32_t total = cpuinfo_get_cores_count();
  uint32_t fast = 0;
  for (uint32_t i = 0; i < total; ++i)
    fast += is_efficiency_core(cpuinfo_get_core(i)->uarch) ? 0 : 1;
  return fast > 0 ? fast : total;
}

} // namespace

size_t default_thread_count() {
  static const size_t count =
      std::clamp<size_t>(std::min(performance_core_count(), usable_cpu_count()), 1, kMaxThreadCount);
  return count;
}

Result<std::shared_ptr<const ThreadPool>> ThreadPool::shared(size_t count) {
  if (count > kMaxThreadCount)
    return make_status(StatusCode::kInvalidArgument,
                       "number of threads is %zu, expected 1 to %zu, or 0 for a default", count,
                       kMaxThreadCount);
  if (count == 0)
    count = default_thread_count();

  static auto *mutex = new std::mutex();
  static auto *pools = new std::map<size_t, std::weak_ptr<const ThreadPool>>();
  const std::lock_guard<std::mutex> lock(*mutex);
  std::weak_ptr<const ThreadPool> &entry = (*pools)[count];
  std::shared_ptr<const ThreadPool> pool = entry.lock();
  if (pool == nullptr || !pool->is_of_this_process()) {
    std::unique_ptr<pthreadpool, void (*)(pthreadpool *)> handle(nullptr, pthreadpool_destroy);
    if (count > 1) {
      handle.reset(pthreadpool_create(count));
      if (handle == nullptr)
        return make_status(StatusCode::kOutOfResources, "cannot start %zu threads", count);
    }
    pool = std::make_shared<const ThreadPool>(handle.get(), count);
    handle.release();
    entry = pool;
  }
  return pool;
}

ThreadPool::ThreadPool(pthreadpool *handle, size_t count)
    : handle_(handle), count_(count), process_(process_id()) {}

ThreadPool::~ThreadPool() {
  // In a forked process it would wait for threads that are not there.
  if (handle_ != nullptr && is_of_this_process())
    pthreadpool_destroy(handle_);
}

Status ThreadPool::check_process() const {
  if (is_of_this_process())
    return {};
  return make_status(
      StatusCode::kInvalidState,
      "this process was forked after the program was loaded, and has none of its threads; load "
      "the program again in the new process, or with one thread before");
}

bool ThreadPool::is_of_this_process() const { return handle_ == nullptr || process_ == process_id(); }

} // namespace xnnir
