# Windows on x86-64 from another system: clang over the headers and libraries of MinGW-w64, and wine to run what was
# built. GCC aligns vectors on the stack wrongly there (its bug 54412), so that code with AVX crashes.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(XNNIR_TRIPLE x86_64-w64-mingw32)

find_program(XNNIR_CLANG NAMES clang-16 clang REQUIRED)
find_program(XNNIR_CLANGXX NAMES clang++-16 clang++ REQUIRED)
set(CMAKE_C_COMPILER "${XNNIR_CLANG}")
set(CMAKE_CXX_COMPILER "${XNNIR_CLANGXX}")
set(CMAKE_ASM_COMPILER "${XNNIR_CLANG}")
find_program(CMAKE_RC_COMPILER NAMES llvm-windres-16 ${XNNIR_TRIPLE}-windres)
foreach(language IN ITEMS C CXX ASM)
  set(CMAKE_${language}_COMPILER_TARGET x86_64-w64-windows-gnu)
endforeach()
# The C++ library and threads go into the programs, so that they run without MinGW's DLLs beside them.
foreach(kind IN ITEMS EXE SHARED MODULE)
  set(CMAKE_${kind}_LINKER_FLAGS_INIT "-fuse-ld=lld -static")
endforeach()

set(CMAKE_FIND_ROOT_PATH "/usr/${XNNIR_TRIPLE}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

find_program(XNNIR_WINE NAMES wine64 wine)
if(XNNIR_WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${XNNIR_WINE}")
endif()
