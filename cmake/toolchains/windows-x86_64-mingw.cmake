# Windows on x86-64 from another system: clang over the headers and libraries of MinGW-w64, and wine to run what was
# built. GCC aligns vectors on the stack wrongly there (its bug 54412), so that code with AVX crashes.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(XNNIR_TRIPLE x86_64-w64-mingw32)
set(CMAKE_PROJECT_cpuinfo_INCLUDE "${CMAKE_CURRENT_LIST_DIR}/mingw-cpuinfo.cmake")

find_program(XNNIR_CLANG NAMES clang-16 clang REQUIRED)
find_program(XNNIR_CLANGXX NAMES clang++-16 clang++ REQUIRED)
set(CMAKE_C_COMPILER "${XNNIR_CLANG}")
set(CMAKE_CXX_COMPILER "${XNNIR_CLANGXX}")
set(CMAKE_ASM_COMPILER "${XNNIR_CLANG}")
find_program(CMAKE_RC_COMPILER NAMES llvm-windres-16 ${XNNIR_TRIPLE}-windres)
foreach(language IN ITEMS C CXX ASM)
  set(CMAKE_${language}_COMPILER_TARGET x86_64-w64-windows-gnu)
endforeach()
# Debian has two of GCC's libraries; only this one has std::thread, and clang does not find either by itself.
file(GLOB XNNIR_GCC_LIBRARIES "/usr/lib/gcc/${XNNIR_TRIPLE}/*-posix")
if(XNNIR_GCC_LIBRARIES)
  set(headers "${XNNIR_GCC_LIBRARIES}/include/c++")
  set(CMAKE_CXX_FLAGS_INIT
      "-nostdinc++ -isystem ${headers} -isystem ${headers}/${XNNIR_TRIPLE} -isystem ${headers}/backward")
  set(libraries "-B${XNNIR_GCC_LIBRARIES} -L${XNNIR_GCC_LIBRARIES}")
endif()
find_program(XNNIR_LLD NAMES ld.lld-16 ld.lld REQUIRED)
# The C++ library and threads go into the programs, so that they run without MinGW's DLLs beside them.
foreach(kind IN ITEMS EXE SHARED MODULE)
  set(CMAKE_${kind}_LINKER_FLAGS_INIT "--ld-path=${XNNIR_LLD} -static ${libraries} -lpthread")
endforeach()

set(CMAKE_FIND_ROOT_PATH "/usr/${XNNIR_TRIPLE}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

find_program(XNNIR_WINE NAMES wine64 wine PATHS /usr/lib/wine)
if(XNNIR_WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${XNNIR_WINE}")
endif()
