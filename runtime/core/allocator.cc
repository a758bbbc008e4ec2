#include "xnnir/allocator.h"

#include <atomic>
#include <mutex>

#include "core/memory.h"

namespace xnnir {

namespace {

// Never destroyed: tensors may outlive static objects.
struct State {
  std::mutex mutex;
  Allocator chosen;
  std::atomic<bool> in_use{false};
};

State &state() {
  static auto *state = new State();
  return *state;
}

} // namespace

Status set_allocator(const Allocator &allocator) {
  if (allocator.allocate == nullptr || allocator.deallocate == nullptr)
    return make_status(StatusCode::kInvalidArgument, "the allocator has no function to %s memory",
                       allocator.allocate == nullptr ? "allocate" : "deallocate");
  State &it = state();
  const std::lock_guard<std::mutex> lock(it.mutex);
  if (it.in_use)
    return make_status(StatusCode::kInvalidState,
                       "memory was taken from another allocator already; set it before the first program is "
                       "loaded");
  it.chosen = allocator;
  return {};
}

const Allocator *custom_allocator() {
  State &it = state();
  if (!it.in_use.load(std::memory_order_acquire)) {
    const std::lock_guard<std::mutex> lock(it.mutex);
    it.in_use.store(true, std::memory_order_release);
  }
  return it.chosen.allocate != nullptr ? &it.chosen : nullptr;
}

} // namespace xnnir
