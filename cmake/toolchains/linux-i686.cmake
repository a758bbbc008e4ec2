# Linux on 32-bit x86 with SSE2: without it, floats would be computed in the x87's longer registers.
set(CMAKE_SYSTEM_PROCESSOR i686)
set(XNNIR_TRIPLE i686-linux-gnu)
set(XNNIR_TARGET_FLAGS "-msse2 -mfpmath=sse")
set(XNNIR_QEMU qemu-i386)
include("${CMAKE_CURRENT_LIST_DIR}/linux-clang.cmake")
