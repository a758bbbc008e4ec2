# What the toolchain files of Linux have in common: clang, which compiles for all of them, over the headers and
# libraries of Debian's cross packages (libstdc++-12-dev-<architecture>-cross), and qemu to run what was built.
#
# The caller sets CMAKE_SYSTEM_PROCESSOR, XNNIR_TRIPLE (Debian's, of the packages), XNNIR_TARGET (clang's, where it
# is another), XNNIR_TARGET_FLAGS and XNNIR_QEMU.
set(CMAKE_SYSTEM_NAME Linux)

find_program(XNNIR_CLANG NAMES clang-16 clang REQUIRED)
find_program(XNNIR_CLANGXX NAMES clang++-16 clang++ REQUIRED)
set(CMAKE_C_COMPILER "${XNNIR_CLANG}")
set(CMAKE_CXX_COMPILER "${XNNIR_CLANGXX}")
set(CMAKE_ASM_COMPILER "${XNNIR_CLANG}")
if(NOT XNNIR_TARGET)
  set(XNNIR_TARGET "${XNNIR_TRIPLE}")
endif()
foreach(language IN ITEMS C CXX ASM)
  set(CMAKE_${language}_COMPILER_TARGET "${XNNIR_TARGET}")
  set(CMAKE_${language}_FLAGS_INIT "${XNNIR_TARGET_FLAGS}")
endforeach()
# Debian's linkers are one program for each target; lld is one for all.
foreach(kind IN ITEMS EXE SHARED MODULE)
  set(CMAKE_${kind}_LINKER_FLAGS_INIT "-fuse-ld=lld")
endforeach()
find_program(XNNIR_STRIP NAMES llvm-strip-16 llvm-strip)
if(XNNIR_STRIP)
  set(CMAKE_STRIP "${XNNIR_STRIP}")
endif()

set(CMAKE_FIND_ROOT_PATH "/usr/${XNNIR_TRIPLE}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

find_program(XNNIR_EMULATOR NAMES "${XNNIR_QEMU}-static" "${XNNIR_QEMU}")
if(XNNIR_EMULATOR)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${XNNIR_EMULATOR};-L;/usr/${XNNIR_TRIPLE}")
endif()
