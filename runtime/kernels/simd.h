// Vector code for several instruction sets in one library, with Highway. A file that has some begins
//
//   #include "kernels/simd.h"
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "kernels/this_file.cc"
//   #include <hwy/foreach_target.h> // includes this file once for each instruction set
//   #include <hwy/highway.h>
//   HWY_BEFORE_NAMESPACE();
//   namespace xnnir { namespace HWY_NAMESPACE { void scale(float *x, size_t count); } }
//   HWY_AFTER_NAMESPACE();
//
// and what is behind `#if HWY_ONCE` calls XNNIR_SIMD_SELECT(scale)(x, count). Loops in that namespace are
// also vectorised by the compiler for each set. Lambdas there need HWY_ATTR.
//
// Only Highway's headers are used: cpuinfo, which XNNPACK brings, tells what the machine has.
#pragma once

// The baseline, AVX2 and AVX-512 on x86, NEON on Arm: what XNNPACK's own kernels distinguish, less what would
// only cost space.
#define HWY_DISABLED_TARGETS                                                                                 \
  (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
// Checks of Highway's own, whose failure would need its library.
#define HWY_IS_DEBUG_BUILD 0

namespace xnnir {

enum class SimdLevel { kBaseline, kAvx2, kAvx512 };

// The best that this machine has. The environment variable XNNIR_SIMD takes less: "baseline" or "avx2".
SimdLevel simd_level();

} // namespace xnnir

#define XNNIR_SIMD_SELECT(function)                                                                          \
  (::xnnir::simd_level() == ::xnnir::SimdLevel::kAvx512 ? XNNIR_SIMD_AVX512(function)                        \
   : ::xnnir::simd_level() == ::xnnir::SimdLevel::kAvx2 ? XNNIR_SIMD_AVX2(function)                          \
                                                        : &HWY_STATIC_DISPATCH(function))

// Highway has no more than the baseline for 32-bit x86.
#if defined(__x86_64__) || defined(_M_X64)
#ifdef __AVX512F__
#define XNNIR_SIMD_AVX512(function) &HWY_STATIC_DISPATCH(function)
#else
#define XNNIR_SIMD_AVX512(function) &N_AVX3::function
#endif
#ifdef __AVX2__
#define XNNIR_SIMD_AVX2(function) &HWY_STATIC_DISPATCH(function)
#else
#define XNNIR_SIMD_AVX2(function) &N_AVX2::function
#endif
#else
#define XNNIR_SIMD_AVX512(function) &HWY_STATIC_DISPATCH(function)
#define XNNIR_SIMD_AVX2(function) &HWY_STATIC_DISPATCH(function)
#endif
