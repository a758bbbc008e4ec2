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
