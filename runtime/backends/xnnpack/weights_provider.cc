#include "backends/xnnpack/weights_provider.h"

#include <new>

namespace xnnir {

namespace {

constexpr size_t kNotFound = SIZE_MAX;

// XNNPACK is C: nothing may be thrown through it.
template <typename Function> void *without_exceptions(Function function) {
  try {
    return function();
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

WeightsKey to_key(const xnn_weights_cache_look_up_key *key) { return {key->kernel, key->bias, key->seed}; }

size_t to_offset(const void *address) {
  return address == nullptr ? kNotFound : static_cast<size_t>(reinterpret_cast<uintptr_t>(address));
}

} // namespace

struct WeightsProvider::Callbacks {
  static WeightsProvider &self(void *context) { return *static_cast<WeightsProvider *>(context); }
  static size_t look_up(void *context, const xnn_weights_cache_look_up_key *key) {
    return to_offset(without_exceptions([&] { return self(context).look_up(to_key(key)); }));
  }
  static void *reserve_space(void *context, size_t size) {
    return without_exceptions([&] { return self(context).reserve(size); });
  }
  static size_t look_up_or_insert(void *context, const xnn_weights_cache_look_up_key *key, void *packed,
                                  size_t size) {
    return to_offset(without_exceptions([&] { return self(context).insert(to_key(key), packed, size); }));
  }
  static bool is_finalized(void *) { return true; }
  static void *offset_to_addr(void *, size_t offset) {
    return reinterpret_cast<void *>(static_cast<uintptr_t>(offset));
  }
  static xnn_status delete_cache(void *) { return xnn_status_success; }
};

// By name, and the rest null: newer revisions of XNNPACK have more of them, which may be.
WeightsProvider::WeightsProvider() : provider_{} {
  provider_.context = this;
  provider_.look_up = Callbacks::look_up;
  provider_.reserve_space = Callbacks::reserve_space;
  provider_.look_up_or_insert = Callbacks::look_up_or_insert;
  provider_.is_finalized = Callbacks::is_finalized;
  provider_.offset_to_addr = Callbacks::offset_to_addr;
  provider_.delete_cache = Callbacks::delete_cache;
}

void *SizeProbe::look_up(const WeightsKey &asked) {
  // A second look-up would be of an operator that packs twice: leave that one alone.
  looked_up = !looked_up && size == 0;
  key = asked;
  return nullptr;
}

void *SizeProbe::reserve(size_t wanted) {
  size = wanted;
  return nullptr;
}

void *PackedLookup::look_up(const WeightsKey &key) {
  const auto position = packed_.find(key);
  // XNNPACK only reads what it did not pack.
  return position == packed_.end() ? nullptr : const_cast<uint8_t *>(position->second.data());
}

void *PackedLookup::reserve(size_t size) {
  own_.emplace_back();
  return own_.back().allocate(size);
}

void *PackedLookup::insert(const WeightsKey &key, void *packed, size_t size) {
  if (packed != nullptr)
    return packed;
  const auto position = packed_.find(key);
  if (position == packed_.end() || position->second.size() != size) {
    mismatched_ = true;
    return nullptr;
  }
  return const_cast<uint8_t *>(position->second.data());
}

} // namespace xnnir
