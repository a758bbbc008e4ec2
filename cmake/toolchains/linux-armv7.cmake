# Linux on 32-bit Arm with NEON, hard-float: Debian's armhf, whose least processor has no NEON; XNNPACK wants it.
set(CMAKE_SYSTEM_PROCESSOR armv7)
set(XNNIR_TRIPLE arm-linux-gnueabihf)
set(XNNIR_TARGET_FLAGS "-march=armv7-a -mfpu=neon -mfloat-abi=hard")
set(XNNIR_QEMU qemu-arm)
include("${CMAKE_CURRENT_LIST_DIR}/linux-clang.cmake")
