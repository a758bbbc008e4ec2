// Conversions between the floats, with the instructions that the machine has for them.
#include "kernels/convert_blocks.h"
#include "kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/convert_vectors.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace xnnir {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Highway's own code for machines without such instructions does not keep NaN.
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
constexpr bool kHasHalf = false;
#else
constexpr bool kHasHalf = true;
#endif

void load_halves(const void *in, size_t count, float *out) {
  const auto *halves = static_cast<const uint8_t *>(in);
  size_t i = 0;
  if constexpr (kHasHalf) {
    const hn::ScalableTag<float> floats;
    const hn::Rebind<hwy::float16_t, decltype(floats)> halfs;
    for (; i + hn::Lanes(floats) <= count; i += hn::Lanes(floats))
      hn::StoreU(
          hn::PromoteTo(floats, hn::LoadU(halfs, reinterpret_cast<const hwy::float16_t *>(halves + i * 2))),
          floats, out + i);
  }
  for (; i < count; ++i)
    out[i] = from_half(read_element<Half>(halves + i * 2));
}

void store_halves(const float *in, size_t count, void *out) {
  auto *halves = static_cast<uint8_t *>(out);
  size_t i = 0;
  if constexpr (kHasHalf) {
    const hn::ScalableTag<float> floats;
    const hn::Rebind<hwy::float16_t, decltype(floats)> halfs;
    for (; i + hn::Lanes(floats) <= count; i += hn::Lanes(floats))
      hn::StoreU(hn::DemoteTo(halfs, hn::LoadU(floats, in + i)), halfs,
                 reinterpret_cast<hwy::float16_t *>(halves + i * 2));
  }
  for (; i < count; ++i)
    write_element(to_half(in[i]), halves + i * 2);
}

// The compiler makes vectors of these.
void load_bfloat16s(const void *in, size_t count, float *out) {
  const auto *bytes = static_cast<const uint8_t *>(in);
  for (size_t i = 0; i < count; ++i)
    out[i] = from_bfloat16(read_element<BFloat16>(bytes + i * 2));
}

void store_bfloat16s(const float *in, size_t count, void *out) {
  auto *bytes = static_cast<uint8_t *>(out);
  for (size_t i = 0; i < count; ++i)
    write_element(to_bfloat16(in[i]), bytes + i * 2);
}

} // namespace HWY_NAMESPACE
} // namespace xnnir
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xnnir {

void half_to_float(const void *in, size_t count, float *out) {
  XNNIR_SIMD_SELECT(load_halves)(in, count, out);
}
void float_to_half(const float *in, size_t count, void *out) {
  XNNIR_SIMD_SELECT(store_halves)(in, count, out);
}
void bfloat16_to_float(const void *in, size_t count, float *out) {
  XNNIR_SIMD_SELECT(load_bfloat16s)(in, count, out);
}
void float_to_bfloat16(const float *in, size_t count, void *out) {
  XNNIR_SIMD_SELECT(store_bfloat16s)(in, count, out);
}

} // namespace xnnir
#endif
