# Linux on ARMv6 with VFPv2 (Raspberry Pi 1 and Zero). Their ARMv6K has the instructions for atomic bytes and 64-bit
# integers, without which clang 16 fails on pthreadpool. Debian has no libraries for ARMv6 with arguments in floating
# point registers; those of armel take them in integer registers, and code between may use the VFP.
set(CMAKE_SYSTEM_PROCESSOR armv6)
set(XNNIR_TRIPLE arm-linux-gnueabi)
set(XNNIR_TARGET_FLAGS "-march=armv6k -mfpu=vfpv2 -mfloat-abi=softfp -marm")
set(XNNIR_QEMU qemu-arm)
include("${CMAKE_CURRENT_LIST_DIR}/linux-clang.cmake")
