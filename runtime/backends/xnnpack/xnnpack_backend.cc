// Makes the delegate known under the ids that .pte files name: that of ExecuTorch, for the nodes that all its
// runtimes have, and one of our own for files that use more of XNNPACK.
#include "backends/xnnpack/program_state.h"
#include "backends/xnnpack/xnnpack_delegate.h"
#include "xnnir/backend.h"

namespace xnnir {
namespace {

class XnnpackBackend final : public Backend {
public:
  explicit XnnpackBackend(size_t kinds) : kinds_(kinds) {}

  bool is_available() const override { return initialize_xnnpack().ok(); }

  std::shared_ptr<BackendState> open_program(const BackendOptions &options) override {
    return std::make_shared<XnnpackProgramState>(options);
  }

  Result<std::unique_ptr<Delegate>> init(const BackendInitContext &context,
                                         Span<const uint8_t> processed) override {
    return XnnpackDelegate::create(context, processed, kinds_);
  }

private:
  size_t kinds_;
};

XnnpackBackend stock(kStockNodeKindCount);
XnnpackBackend full(kNodeKindCount);

// Runs during static initialisation, before anything can look a backend up.
[[maybe_unused]] const bool registered =
    register_backend("XnnpackBackend", &stock).ok() && register_backend("XnnirXnnpackBackend", &full).ok();

} // namespace
} // namespace xnnir
