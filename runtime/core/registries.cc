// The process-wide tables of backends and kernels. They are filled during static initialisation, from any
// translation unit, so each lives in a function and is made at first use; neither is ever destroyed, so that
// code which runs at exit can still use them.
#include <map>
#include <mutex>

#include "core/no_throw.h"
#include "xnnir/backend.h"
#include "xnnir/kernel.h"
#include "xnnir/log.h"

namespace xnnir {

namespace {

bool operator==(const Kernel &a, const Kernel &b) {
  return a.function == b.function && a.user_data == b.user_data;
}

template <typename T> class Registry {
public:
  Status add(const char *kind, const char *name, T entry) {
    if (name == nullptr || *name == '\0')
      return make_status(StatusCode::kInvalidArgument, "cannot register a %s without a name", kind);
    if (entry == T())
      return make_status(StatusCode::kInvalidArgument, "cannot register %s '%s': it is null", kind, name);
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto [position, added] = entries_.emplace(name, entry);
    if (!added && !(position->second == entry))
      return make_status(StatusCode::kInvalidState, "another %s is registered as '%s' already", kind, name);
    return {};
  }

  T find(const std::string &name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto position = entries_.find(name);
    return position == entries_.end() ? T() : position->second;
  }

  std::vector<std::string> names() {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<std::string> names;
    names.reserve(entries_.size());
    for (const auto &[name, entry] : entries_)
      names.push_back(name);
    return names;
  }

private:
  std::mutex mutex_;
  std::map<std::string, T> entries_;
};

Registry<Backend *> &backends() {
  static auto *registry = new Registry<Backend *>();
  return *registry;
}

Registry<Kernel> &kernels() {
  static auto *registry = new Registry<Kernel>();
  return *registry;
}

} // namespace

Status register_backend(const char *id, Backend *backend) {
  return without_exceptions("register a backend", [&] { return backends().add("backend", id, backend); });
}
Backend *find_backend(const std::string &id) { return backends().find(id); }
std::vector<std::string> registered_backend_ids() { return backends().names(); }

Status register_kernel(const char *name, KernelFunction function, void *user_data) {
  return without_exceptions("register a kernel", [&] {
    const Kernel kernel = function == nullptr ? Kernel() : Kernel{function, user_data};
    return kernels().add("kernel", name, kernel);
  });
}
Kernel find_kernel(const std::string &name) { return kernels().find(name); }
std::vector<std::string> registered_kernel_names() { return kernels().names(); }

// There is nobody to return a status to during static initialisation.
KernelRegistration::KernelRegistration(const char *name, KernelFunction function) {
  if (const Status status = register_kernel(name, function); !status.ok())
    log(LogLevel::kWarning, "%s", status.message().c_str());
}

} // namespace xnnir
