#include "backends/xnnpack/fingerprint.h"

#include <cstring>
#include <string>

#include <cpuinfo.h>

namespace xnnir {

namespace {

// XNNPACK chooses kernels by these features, and on Arm by the cores' designs too.
std::string describe_cpu() {
  std::string text;
  if (!cpuinfo_initialize())
    return "unknown";
#if CPUINFO_ARCH_X86 || CPUINFO_ARCH_X86_64 || CPUINFO_ARCH_ARM || CPUINFO_ARCH_ARM64 ||                     \
    CPUINFO_ARCH_RISCV32 || CPUINFO_ARCH_RISCV64
  text.append(reinterpret_cast<const char *>(&cpuinfo_isa), sizeof cpuinfo_isa);
#endif
  for (uint32_t i = 0; i < cpuinfo_get_uarchs_count(); ++i)
    text += ":" + std::to_string(cpuinfo_get_uarch(i)->uarch);
  return text;
}

} // namespace

Digest packing_fingerprint() {
  static const Digest fingerprint = [] {
    const uint32_t one = 1;
    unsigned char first = 0;
    std::memcpy(&first, &one, 1);
    const std::string text = std::string(XNNIR_XNNPACK_ID) + "|" + std::to_string(sizeof(void *)) +
                             (first == 1 ? "l" : "b") + "|" + describe_cpu();
    return digest({reinterpret_cast<const uint8_t *>(text.data()), text.size()}, 0);
  }();
  return fingerprint;
}

} // namespace xnnir
