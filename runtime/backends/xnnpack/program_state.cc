#include "backends/xnnpack/program_state.h"

namespace xnnir {

namespace {

std::shared_ptr<PackedPool> make_pool(const BackendOptions &options) {
  if (!options.packed_cache_path.empty())
    return PackedPool::of_file(options.packed_cache_path);
  return options.weight_cache_enabled ? PackedPool::make() : nullptr;
}

} // namespace

Result<std::shared_ptr<SharedWorkspace>> SharedWorkspace::make() {
  // First what may throw, so that the workspace always has an owner.
  auto shared = std::make_shared<SharedWorkspace>();
  xnn_workspace_t workspace = nullptr;
  if (const xnn_status status = xnn_create_workspace(&workspace); status != xnn_status_success)
    return make_status(StatusCode::kMemoryAllocationFailed, "XNNPACK failed to create a workspace: %s",
                       to_string(status));
  shared->handle.reset(workspace);
  return shared;
}

XnnpackProgramState::XnnpackProgramState(const BackendOptions &options)
    : sharing_(options.workspace_sharing_mode), pool_(make_pool(options)) {}

Result<std::shared_ptr<SharedWorkspace>> XnnpackProgramState::workspace() {
  if (sharing_ == WorkspaceSharingMode::kDisabled)
    return SharedWorkspace::make();
  static std::mutex global_mutex;
  static std::weak_ptr<SharedWorkspace> global;
  const std::lock_guard<std::mutex> lock(sharing_ == WorkspaceSharingMode::kGlobal ? global_mutex : mutex_);
  if (workspace_ == nullptr && sharing_ == WorkspaceSharingMode::kGlobal)
    workspace_ = global.lock();
  if (workspace_ == nullptr) {
    Result<std::shared_ptr<SharedWorkspace>> made = SharedWorkspace::make();
    if (!made.ok())
      return made;
    workspace_ = *made;
    if (sharing_ == WorkspaceSharingMode::kGlobal)
      global = workspace_;
  }
  return workspace_;
}

void XnnpackProgramState::count(const PackedWeights &weights) {
  if (pool_ == nullptr || !pool_->has_file())
    return;
  const std::lock_guard<std::mutex> lock(mutex_);
  info_.read += weights.read;
  info_.packed += weights.packed;
  info_.read_bytes += weights.read_bytes;
  info_.packed_bytes += weights.packed_bytes;
}

void XnnpackProgramState::finish_loading() {
  if (pool_ == nullptr)
    return;
  const std::lock_guard<std::mutex> pool_lock(pool_->mutex);
  const bool written = pool_->write_file();
  const std::lock_guard<std::mutex> lock(mutex_);
  info_.written = info_.written || written;
  info_.message = pool_->message();
}

PackedCacheInfo XnnpackProgramState::packed_cache_info() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return info_;
}

} // namespace xnnir
