// Makes the delegate known under the id that .pte files name.
#include "backends/xnnpack/xnnpack_delegate.h"
#include "xnnir/backend.h"

namespace xnnir {
namespace {

class XnnpackBackend final : public Backend {
public:
  bool is_available() const override { return initialize_xnnpack().ok(); }

  Result<std::unique_ptr<Delegate>> init(const BackendInitContext &context,
                                         Span<const uint8_t> processed) override {
    return XnnpackDelegate::create(context, processed);
  }
};

XnnpackBackend backend;

// Runs during static initialisation, before anything can look a backend up.
[[maybe_unused]] const bool registered = register_backend("XnnpackBackend", &backend).ok();

} // namespace
} // namespace xnnir
