// What the delegates of a program share.
#pragma once

#include <memory>
#include <mutex>

#include "backends/xnnpack/pack_weights.h"
#include "backends/xnnpack/xnnpack_types.h"
#include "xnnir/backend.h"

namespace xnnir {

// Memory of the values inside delegates. Delegates that share it hold the mutex while they are created,
// reshaped, run and deleted.
struct SharedWorkspace {
  static Result<std::shared_ptr<SharedWorkspace>> make();

  std::mutex mutex;
  Workspace handle;
  // Grows whenever a delegate was reshaped: the memory may have moved, and the others have to look for it.
  uint64_t generation = 0;
};

class XnnpackProgramState final : public BackendState {
public:
  explicit XnnpackProgramState(const BackendOptions &options);

  // Null when nothing is shared.
  PackedPool *pool() const { return pool_.get(); }
  // For one delegate more.
  Result<std::shared_ptr<SharedWorkspace>> workspace();
  void count(const PackedWeights &weights);

  void finish_loading() override;
  PackedCacheInfo packed_cache_info() const override;

private:
  const WorkspaceSharingMode sharing_;
  std::shared_ptr<PackedPool> pool_;
  mutable std::mutex mutex_;
  std::shared_ptr<SharedWorkspace> workspace_;
  PackedCacheInfo info_;
};

} // namespace xnnir
