# Included where cpuinfo's own project begins: it calls max(), a macro of Visual C++'s headers that those of MinGW-w64
# have only for C with GNU's extensions.
add_compile_options("$<$<COMPILE_LANGUAGE:C>:SHELL:-include ${CMAKE_CURRENT_LIST_DIR}/mingw-cpuinfo.h>")
