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

# Finds the folder that has a header of a library without code to link, as `find_path` does. For another machine it
# may be this machine's, but never the folder with all of its headers: those go before the other machine's own.
function(xnnir_find_headers out_variable header)
  if(CMAKE_CROSSCOMPILING AND NOT ${out_variable})
    find_path(found ${header} NO_CMAKE_FIND_ROOT_PATH NO_CACHE REQUIRED)
    string(REGEX REPLACE "/.*" "" top "${header}")
    file(COPY "${found}/${top}" DESTINATION "${PROJECT_BINARY_DIR}/headers")
    set(${out_variable} "${PROJECT_BINARY_DIR}/headers" CACHE PATH "Has ${header}")
  endif()
  find_path(${out_variable} ${header} REQUIRED)
endfunction()

# Warnings are errors in our own code, and only there: headers of others are system headers.
function(xnnir_set_warnings target)
  if(MSVC)
    # Also of clang-cl, for which -Wall is everything that there is. Not errors, until somebody has seen them.
    target_compile_options(${target} PRIVATE /W3)
  else()
    target_compile_options(${target} PRIVATE -Wall -Wextra -Werror)
  endif()
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
