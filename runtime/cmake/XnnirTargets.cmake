# Helpers for our own targets.

# Collects the C++ sources of folders (relative to the caller's) into a variable. Files that are added later are
# picked up at the next build.
function(xnnir_glob_sources out_variable)
  set(patterns "")
  foreach(folder IN LISTS ARGN)
    list(APPEND patterns "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cc")
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  if(NOT sources)
    # CMake refuses a target without sources.
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/empty.cc)
    if(NOT EXISTS ${sources})
      file(TOUCH ${sources})
    endif()
  endif()
  set(${out_variable} "${sources}" PARENT_SCOPE)
endfunction()

# Warnings are errors in our own code, and only there: headers of others are system headers.
function(xnnir_set_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Werror)
endfunction()

# Hides everything of a shared library but the C API: also the C++ standard library's templates and XNNPACK, of which
# the same process may have others.
function(xnnir_export_only_c_api target)
  if(APPLE)
    target_link_options(${target} PRIVATE "LINKER:-exported_symbol,_xnnir_*" "LINKER:-dead_strip")
  elseif(NOT WIN32) # where XNNIR_EXPORT says it
    set(script "${PROJECT_SOURCE_DIR}/runtime/cmake/libxnnir.map")
    target_link_options(${target} PRIVATE "LINKER:--version-script=${script}" "LINKER:-Bsymbolic" "LINKER:-z,defs"
                        "LINKER:--gc-sections")
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${script}")
  endif()
endfunction()
