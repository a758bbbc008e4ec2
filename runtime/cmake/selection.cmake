# Builds for certain programs alone: XNNIR_SELECT_FROM is a list of .pte files, or the header that `xnnir select -o`
# made of them, for machines without Python. What is left out, the linker drops: see kernels/selected.h and
# backends/xnnpack/node_table.cc.
set(XNNIR_SELECT_FROM "" CACHE STRING "Programs (.pte), or a header of `xnnir select`: leave out what they do not use")

# Has `target`, a library of kernels or the backend, compiled with the selection. Nothing without one.
function(xnnir_select target)
  if(NOT XNNIR_SELECT_FROM)
    return()
  endif()
  target_include_directories(${target} PRIVATE "${PROJECT_BINARY_DIR}/selection")
  target_compile_definitions(${target} PRIVATE XNNIR_SELECTION)
  if(MSVC)
    # Its linker drops what nobody refers to in any build but Debug.
    target_compile_options(${target} PRIVATE /Gy /Gw)
    return()
  endif()
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
  # Programs and libraries of whoever links it.
  target_link_options(${target} INTERFACE $<IF:$<PLATFORM_ID:Darwin>,LINKER:-dead_strip,LINKER:--gc-sections>)
endfunction()

if(XNNIR_SELECT_FROM)
  set(header "${PROJECT_BINARY_DIR}/selection/xnnir_selection.h")
  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/selection")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${XNNIR_SELECT_FROM})
  if(XNNIR_SELECT_FROM MATCHES "\\.h$")
    configure_file("${XNNIR_SELECT_FROM}" "${header}" COPYONLY)
  else()
    set(python "${PROJECT_SOURCE_DIR}/.venv/bin/python")
    if(Python_EXECUTABLE)
      set(python "${Python_EXECUTABLE}")
    elseif(NOT EXISTS "${python}")
      find_program(XNNIR_PYTHON NAMES python3 REQUIRED)
      set(python "${XNNIR_PYTHON}")
    endif()
    execute_process(
      COMMAND "${CMAKE_COMMAND}" -E env "PYTHONPATH=${PROJECT_SOURCE_DIR}" "${python}" -m xnnir.tools.xnnir select
              ${XNNIR_SELECT_FROM} -o "${header}.new"
      RESULT_VARIABLE failed
      ERROR_VARIABLE error)
    if(failed)
      message(FATAL_ERROR "XNNIR_SELECT_FROM=${XNNIR_SELECT_FROM}: ${error}
The Python package xnnir is needed to read .pte files; where it is, `xnnir select -o selection.h` makes a header that "
                          "XNNIR_SELECT_FROM takes as well.")
    endif()
    # The same programs leave everything as it was built.
    file(COPY_FILE "${header}.new" "${header}" ONLY_IF_DIFFERENT)
    file(REMOVE "${header}.new")
  endif()
  message(STATUS "xnnir: built for ${XNNIR_SELECT_FROM} alone")
endif()

# Leaves files out of a list of kernels' sources that have none of the selected ones: they need not be compiled.
function(xnnir_select_sources out_variable)
  set(chosen ${ARGN})
  if(XNNIR_SELECT_FROM)
    # Line by line would not do: a backslash at the end of one joins it to the next in CMake's lists.
    file(READ "${PROJECT_BINARY_DIR}/selection/xnnir_selection.h" header)
    string(REGEX MATCHALL "X\\(\"[^\"]+\"\\)" names "${header}")
    list(TRANSFORM names REPLACE "^X\\((.*)\\)$" "\\1")
    set(chosen "")
    foreach(source IN LISTS ARGN)
      file(READ "${source}" text)
      set(is_chosen FALSE)
      # What others need, and names that a macro puts together.
      if(NOT text MATCHES "KernelRegistration" OR text MATCHES "aten::\" #")
        set(is_chosen TRUE)
      endif()
      foreach(name IN LISTS names)
        string(FIND "${text}" "${name}" position)
        if(NOT position EQUAL -1)
          set(is_chosen TRUE)
        endif()
      endforeach()
      if(is_chosen)
        list(APPEND chosen "${source}")
      endif()
    endforeach()
  endif()
  set(${out_variable} "${chosen}" PARENT_SCOPE)
endfunction()

# Prints how large the file of `target` is when it has been linked: in all, and without symbols.
function(xnnir_report_size target)
  if(NOT CMAKE_STRIP)
    return()
  endif()
  add_custom_command(
    TARGET ${target} POST_BUILD
    COMMAND "${CMAKE_COMMAND}" "-DFILE=$<TARGET_FILE:${target}>" "-DSTRIP=${CMAKE_STRIP}" -P
            "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/report_size.cmake"
    VERBATIM)
endfunction()
