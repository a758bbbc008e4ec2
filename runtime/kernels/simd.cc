#include "kernels/simd.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <cpuinfo.h>

namespace xnnir {

namespace {

SimdLevel detect() {
  if (!cpuinfo_initialize())
    return SimdLevel::kBaseline;
  // What the compiler may use in code for the two targets of Highway, together.
  const bool avx2 = cpuinfo_has_x86_avx2() && cpuinfo_has_x86_fma3() && cpuinfo_has_x86_f16c() &&
                    cpuinfo_has_x86_bmi() && cpuinfo_has_x86_bmi2() && cpuinfo_has_x86_aes() &&
                    cpuinfo_has_x86_pclmulqdq();
  if (!avx2)
    return SimdLevel::kBaseline;
  const bool avx512 = cpuinfo_has_x86_avx512f() && cpuinfo_has_x86_avx512vl() && cpuinfo_has_x86_avx512dq() &&
                      cpuinfo_has_x86_avx512bw();
  return avx512 ? SimdLevel::kAvx512 : SimdLevel::kAvx2;
}

SimdLevel allowed() {
  const char *name = std::getenv("XNNIR_SIMD");
  if (name != nullptr && std::strcmp(name, "baseline") == 0)
    return SimdLevel::kBaseline;
  return name != nullptr && std::strcmp(name, "avx2") == 0 ? SimdLevel::kAvx2 : SimdLevel::kAvx512;
}

} // namespace

SimdLevel simd_level() {
  static const SimdLevel level = std::min(detect(), allowed());
  return level;
}

} // namespace xnnir
