// What XNNPACK asks of a cache of packed weights, as C++.
#pragma once

#include <deque>
#include <map>
#include <tuple>

#include <xnnpack.h>

#include "backends/xnnpack/over_read.h"
#include "xnnir/span.h"

namespace xnnir {

// XNNPACK's own name for packed weights: what it reads, and a number that stands for the kernel. It says
// nothing of scales, zero points and shapes, so it names weights only among those whose pointers mean one
// thing.
struct WeightsKey {
  const void *kernel = nullptr;
  const void *bias = nullptr;
  uint32_t seed = 0;

  bool operator<(const WeightsKey &other) const {
    return std::tie(kernel, bias, seed) < std::tie(other.kernel, other.bias, other.seed);
  }
};

// XNNPACK speaks of offsets into a cache; here these are addresses. Must outlive the runtimes made with it.
class WeightsProvider {
public:
  WeightsProvider();
  WeightsProvider(const WeightsProvider &) = delete;
  WeightsProvider &operator=(const WeightsProvider &) = delete;
  virtual ~WeightsProvider() = default;

  xnn_weights_cache_t handle() { return &provider_; }

protected:
  // Null: XNNPACK has to pack them.
  virtual void *look_up(const WeightsKey &key) = 0;
  // Memory to pack into. Null: the operator cannot be created.
  virtual void *reserve(size_t size) = 0;
  // Weights were packed to `packed`, or look_up() found them and it is null. Where they are from now on.
  virtual void *insert(const WeightsKey &key, void *packed, size_t size) = 0;

private:
  struct Callbacks;
  xnn_weights_cache_provider provider_;
};

// Learns how many bytes an operator packs, and fails before it does.
class SizeProbe final : public WeightsProvider {
public:
  // Whether XNNPACK looked weights up before packing them: only then can it be given packed ones.
  bool looked_up = false;
  WeightsKey key;
  size_t size = 0;

protected:
  void *look_up(const WeightsKey &asked) override;
  void *reserve(size_t wanted) override;
  void *insert(const WeightsKey &, void *packed, size_t) override { return packed; }
};

// Has one operator pack into memory that is there already.
class PackInto final : public WeightsProvider {
public:
  explicit PackInto(Span<uint8_t> memory) : memory_(memory) {}

protected:
  void *look_up(const WeightsKey &) override { return nullptr; }
  void *reserve(size_t size) override { return size == memory_.size() ? memory_.data() : nullptr; }
  void *insert(const WeightsKey &, void *packed, size_t) override { return packed; }

private:
  Span<uint8_t> memory_;
};

// Gives operators what was packed for them, and the others memory to pack into.
class PackedLookup final : public WeightsProvider {
public:
  void add(const WeightsKey &key, Span<const uint8_t> packed) { packed_.emplace(key, packed); }
  // Forgets what was added: everything is packed again.
  void clear() { packed_.clear(); }
  // Whether an operator expected another number of bytes than it was given. It must not run.
  bool mismatched() const { return mismatched_; }

protected:
  void *look_up(const WeightsKey &key) override;
  void *reserve(size_t size) override;
  void *insert(const WeightsKey &key, void *packed, size_t size) override;

private:
  std::map<WeightsKey, Span<const uint8_t>> packed_;
  std::deque<PaddedBuffer> own_;
  bool mismatched_ = false;
};

} // namespace xnnir
