# macOS on Apple's processors from another system, as far as that goes: clang for C and assembly over the headers of
# macOS that zig carries, and zig's own clang for C++. PyPI's package ziglang has it. Static libraries alone: zig's
# linker has no -force_load.
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR arm64)

find_program(XNNIR_ZIG NAMES zig python-zig REQUIRED)
find_program(XNNIR_CLANG NAMES clang-16 clang REQUIRED)
execute_process(COMMAND "${XNNIR_ZIG}" env OUTPUT_VARIABLE XNNIR_ZIG_ENVIRONMENT COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE ".*lib_dir[\" =:]+([^\"]+).*" "\\1" XNNIR_ZIG_FOLDER "${XNNIR_ZIG_ENVIRONMENT}")
set(XNNIR_ZIG_HEADERS "${XNNIR_ZIG_FOLDER}/libc/include/any-darwin-any")
if(NOT EXISTS "${XNNIR_ZIG_HEADERS}")
  message(FATAL_ERROR "zig has no headers of macOS in ${XNNIR_ZIG_HEADERS}")
endif()

# zig reads -march in a way of its own, which XNNPACK's kernels do not know. What the headers take from newer clangs:
set(CMAKE_C_COMPILER "${XNNIR_CLANG}")
set(CMAKE_ASM_COMPILER "${XNNIR_CLANG}")
set(CMAKE_CXX_COMPILER "${XNNIR_ZIG}" c++ -target aarch64-macos.11.0)
foreach(language IN ITEMS C ASM)
  set(CMAKE_${language}_COMPILER_TARGET arm64-apple-macos11.0)
  set(CMAKE_${language}_FLAGS_INIT "-isystem ${XNNIR_ZIG_HEADERS} -D__ENVIRONMENT_OS_VERSION_MIN_REQUIRED__=110000")
endforeach()
set(CMAKE_OSX_SYSROOT "")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(CMAKE_FIND_ROOT_PATH "${XNNIR_ZIG_HEADERS}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
