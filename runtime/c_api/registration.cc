// Kernels and backends of C, as the registries know them, and the hooks.
#include <mutex>
#include <new>
#include <utility>

#include "c_api/boundary.h"
#include "c_api/call.h"
#include "xnnir/allocator.h"
#include "xnnir/backend.h"
#include "xnnir/kernel.h"
#include "xnnir/log.h"

using namespace xnnir;
using namespace xnnir::c_api;

struct xnnir_delegate_init {
  const BackendInitContext &context;
  Span<const uint8_t> processed;
};

namespace {

struct CKernel {
  xnnir_kernel function;
  void *user_data;
};

Status run_kernel(KernelContext &context, Span<Value *> args) {
  const auto *kernel = static_cast<const CKernel *>(context.user_data());
  xnnir_call call{args, context.values()};
  clear_last_error();
  return from_callback(kernel->function(kernel->user_data, &call), "the kernel");
}

class CDelegate final : public Delegate {
public:
  CDelegate(const xnnir_backend &backend, void *delegate) : backend_(backend), delegate_(delegate) {}
  CDelegate(const CDelegate &) = delete;
  CDelegate &operator=(const CDelegate &) = delete;
  ~CDelegate() override { backend_.destroy(delegate_); }

  Status execute(Span<Value *> args) override {
    xnnir_call call{args, {}};
    clear_last_error();
    return from_callback(backend_.execute(delegate_, &call), "the delegate");
  }
  size_t num_inputs() const override {
    return backend_.num_inputs != nullptr ? backend_.num_inputs(delegate_) : SIZE_MAX;
  }

private:
  const xnnir_backend &backend_;
  void *delegate_;
};

class CBackend final : public Backend {
public:
  explicit CBackend(const xnnir_backend &functions) : functions_(functions) {}

  bool is_available() const override {
    return functions_.is_available == nullptr || functions_.is_available(functions_.user_data);
  }
  Result<std::unique_ptr<Delegate>> init(const BackendInitContext &context,
                                         Span<const uint8_t> processed) override {
    const xnnir_delegate_init init{context, processed};
    void *delegate = nullptr;
    clear_last_error();
    XNNIR_RETURN_IF_ERROR(
        from_callback(functions_.init(functions_.user_data, &init, &delegate), "the backend"));
    return std::unique_ptr<Delegate>(std::make_unique<CDelegate>(functions_, delegate));
  }

private:
  xnnir_backend functions_;
};

struct CLogSink {
  xnnir_log_sink sink;
  void *user_data;
};

void call_sink(void *context, LogLevel level, const char *message) {
  const auto *sink = static_cast<const CLogSink *>(context);
  sink->sink(sink->user_data, static_cast<int32_t>(level), message);
}

} // namespace

xnnir_status xnnir_register_kernel(const char *name, xnnir_kernel kernel, void *user_data) {
  return guarded("register a kernel", [&]() -> Status {
    if (kernel == nullptr)
      return is_null("kernel");
    auto entry = std::make_unique<CKernel>(CKernel{kernel, user_data});
    XNNIR_RETURN_IF_ERROR(register_kernel(name, run_kernel, entry.get()));
    // The registry's, which is never destroyed.
    static_cast<void>(entry.release());
    return {};
  });
}

xnnir_status xnnir_register_backend(const char *id, const xnnir_backend *backend) {
  return guarded("register a backend", [&]() -> Status {
    if (backend == nullptr)
      return is_null("backend");
    xnnir_backend known;
    XNNIR_RETURN_IF_ERROR(read_struct(backend, "xnnir_backend", known));
    if (known.init == nullptr || known.execute == nullptr || known.destroy == nullptr)
      return is_null(known.init == nullptr      ? "the backend's init"
                     : known.execute == nullptr ? "the backend's execute"
                                                : "the backend's destroy");
    auto entry = std::make_unique<CBackend>(known);
    XNNIR_RETURN_IF_ERROR(register_backend(id, entry.get()));
    static_cast<void>(entry.release());
    return {};
  });
}

const void *xnnir_delegate_init_processed(const xnnir_delegate_init *init, size_t *size) {
  if (size != nullptr)
    *size = init == nullptr ? 0 : init->processed.size();
  return init == nullptr ? nullptr : init->processed.data();
}
const char *xnnir_delegate_init_method_name(const xnnir_delegate_init *init) {
  return init == nullptr ? nullptr : init->context.method_name.c_str();
}
size_t xnnir_delegate_init_index(const xnnir_delegate_init *init) {
  return init == nullptr ? 0 : init->context.delegate_index;
}
xnnir_status xnnir_delegate_init_named_data(const xnnir_delegate_init *init, const char *key,
                                            const void **data, size_t *size) {
  return guarded("read named data", [&]() -> Status {
    if (init == nullptr || key == nullptr || data == nullptr || size == nullptr)
      return is_null(init == nullptr ? "init" : key == nullptr ? "key" : data == nullptr ? "data" : "size");
    Result<Span<const uint8_t>> found = init->context.named_data->get(key);
    if (!found.ok())
      return found.status();
    *data = found->data();
    *size = found->size();
    return {};
  });
}

size_t xnnir_num_kernels(void) { return registered_kernel_names().size(); }
size_t xnnir_num_backends(void) { return registered_backend_ids().size(); }
bool xnnir_has_kernel(const char *name) { return name != nullptr && find_kernel(name).function != nullptr; }
bool xnnir_is_backend_available(const char *id) {
  Backend *backend = id == nullptr ? nullptr : find_backend(id);
  return backend != nullptr && backend->is_available();
}

xnnir_status xnnir_set_allocator(const xnnir_allocator *allocator) {
  return guarded("set the allocator", [&]() -> Status {
    if (allocator == nullptr)
      return is_null("allocator");
    xnnir_allocator known;
    XNNIR_RETURN_IF_ERROR(read_struct(allocator, "xnnir_allocator", known));
    return set_allocator({known.allocate, known.deallocate, known.user_data});
  });
}

void xnnir_set_log_sink(xnnir_log_sink sink, void *user_data, int32_t least) {
  const LogLevel level = static_cast<LogLevel>(least < 0                  ? 0
                                               : least > XNNIR_LOG_SILENT ? XNNIR_LOG_SILENT
                                                                          : least);
  static std::mutex mutex;
  static CLogSink *current = nullptr;
  auto *entry = sink == nullptr ? nullptr : new (std::nothrow) CLogSink{sink, user_data};
  const std::lock_guard<std::mutex> lock(mutex);
  if (entry == nullptr)
    set_log_sink(nullptr, nullptr, level);
  else
    set_log_sink(call_sink, entry, level);
  // No message is on its way to the one before any more.
  delete std::exchange(current, entry);
}
