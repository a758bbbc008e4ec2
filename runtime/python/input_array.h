// Arrays of other libraries as inputs, without copying where their layout allows.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <pybind11/pybind11.h>

#include "core/memory.h"
#include "python/dlpack.h"
#include "xnnir/method_meta.h"
#include "xnnir/value.h"

namespace xnnir::python {

// One input of a call. Keeps what its value points to alive, so it must outlive the run.
class Input {
public:
  // `object` has the buffer protocol (NumPy) or __dlpack__ (torch and others), or is a capsule of DLPack's,
  // None, bool, int, float or str. `index` is for messages, `expected` decides the layout: memory that is
  // dense in the expected dim_order is used in place, anything else is copied into that order. Raises
  // TypeError for other objects.
  Input(const pybind11::handle &object, size_t index, const ValueMeta *expected);
  Input(Input &&) noexcept = default;

  const Value &value() const { return value_; }

private:
  struct Array {
    ScalarType dtype = ScalarType::kFloat;
    const void *data = nullptr;
    std::vector<int64_t> shape;
    // In elements.
    std::vector<int64_t> strides;
  };

  struct DeleteManaged {
    template <typename Managed> void operator()(Managed *managed) const {
      if (managed->deleter != nullptr)
        managed->deleter(managed);
    }
  };

  Array from_buffer(const pybind11::handle &object, size_t index);
  Array from_dlpack(const pybind11::handle &object, size_t index);
  Array from_capsule(const pybind11::handle &capsule, size_t index);
  template <typename Managed>
  Array from_managed(const pybind11::handle &capsule, size_t index,
                     std::unique_ptr<Managed, DeleteManaged> &owner);
  void set_tensor(const Array &array, size_t index, const ValueMeta *expected);

  Value value_;
  std::optional<pybind11::buffer_info> buffer_;
  std::unique_ptr<dlpack::ManagedTensor, DeleteManaged> managed_;
  std::unique_ptr<dlpack::VersionedTensor, DeleteManaged> versioned_;
  AlignedBuffer copy_;
};

} // namespace xnnir::python
