// DLPack's in-memory structures (dmlc/dlpack, include/dlpack/dlpack.h): those of version 0.x, in capsules
// named "dltensor", which every producer and consumer speaks, and those of 1.x, which can say that memory is
// read-only.
#pragma once

#include <cstdint>

namespace xnnir::dlpack {

constexpr int32_t kCpu = 1;

enum TypeCode : uint8_t { kInt = 0, kUInt = 1, kFloat = 2, kBfloat = 4, kBool = 6 };

struct Device {
  int32_t type;
  int32_t id;
};

struct DataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};

// `strides` count elements; null when the tensor is contiguous.
struct Tensor {
  void *data;
  Device device;
  int32_t ndim;
  DataType dtype;
  int64_t *shape;
  int64_t *strides;
  uint64_t byte_offset;
};

struct ManagedTensor {
  Tensor tensor;
  void *manager;
  void (*deleter)(ManagedTensor *self);
};

struct Version {
  uint32_t major;
  uint32_t minor;
};
// What we write. Readers take any with this major number.
constexpr Version kVersion = {1, 0};

// Set when the consumer has a copy of its own.
constexpr uint64_t kIsCopied = 1 << 1;

struct VersionedTensor {
  Version version;
  void *manager;
  void (*deleter)(VersionedTensor *self);
  uint64_t flags;
  Tensor tensor;
};

// Names of capsules. A consumer renames what it took.
template <typename Managed> struct Names;
template <> struct Names<ManagedTensor> {
  static constexpr char kCapsule[] = "dltensor";
  static constexpr char kUsedCapsule[] = "used_dltensor";
};
template <> struct Names<VersionedTensor> {
  static constexpr char kCapsule[] = "dltensor_versioned";
  static constexpr char kUsedCapsule[] = "used_dltensor_versioned";
};

} // namespace xnnir::dlpack
