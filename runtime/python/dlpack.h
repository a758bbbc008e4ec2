// DLPack's in-memory structures, version 0.x (capsules named "dltensor"), which every producer and consumer
// speaks.
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

constexpr char kCapsule[] = "dltensor";
constexpr char kUsedCapsule[] = "used_dltensor";

} // namespace xnnir::dlpack
