# Linux on 64-bit Arm. What a processor has beyond ARMv8.0 is found when a program runs.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(XNNIR_TRIPLE aarch64-linux-gnu)
set(XNNIR_QEMU qemu-aarch64)
include("${CMAKE_CURRENT_LIST_DIR}/linux-clang.cmake")
