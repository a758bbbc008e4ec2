# Finds XNNPACK and what it stands on, as static libraries under one prefix:
#   include/{xnnpack,pthreadpool,cpuinfo}.h   lib/lib{XNNPACK,microkernels-prod,pthreadpool,cpuinfo}.a
# The prefix is XNNPACK_ROOT (variable or environment) or, in this repository, the one that `make setup` built.
#
# Defines the imported targets XNNPACK::XNNPACK, XNNPACK::microkernels, XNNPACK::pthreadpool and XNNPACK::cpuinfo.

if(NOT XNNPACK_ROOT AND DEFINED ENV{XNNPACK_ROOT})
  set(XNNPACK_ROOT "$ENV{XNNPACK_ROOT}")
endif()
set(_xnnpack_setup "${CMAKE_CURRENT_LIST_DIR}/../third_party/xnnpack.py")
if(NOT XNNPACK_ROOT AND EXISTS "${_xnnpack_setup}")
  # Other pins or patches are another prefix.
  file(GLOB _xnnpack_patches CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/../third_party/patches/*.patch")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
               "${CMAKE_CURRENT_LIST_DIR}/../third_party/pins.py" ${_xnnpack_patches})
  find_program(XNNPACK_SETUP_PYTHON NAMES python3.11 python3)
  set(_xnnpack_preset "")
  if(XNNIR_PRESET)
    # Of CMakePresets.json: another machine's.
    set(_xnnpack_preset --preset "${XNNIR_PRESET}")
  endif()
  execute_process(
    COMMAND "${XNNPACK_SETUP_PYTHON}" "${_xnnpack_setup}" --print-root ${_xnnpack_preset}
    OUTPUT_VARIABLE XNNPACK_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_VARIABLE _xnnpack_setup_error)
  if(NOT XNNPACK_ROOT)
    string(STRIP "${_xnnpack_setup_error}" XNNPACK_REASON)
  endif()
endif()

# The prefix is where it is said to be, also where a toolchain file looks for libraries elsewhere.
set(_xnnpack_there NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH NO_CACHE)
find_path(XNNPACK_INCLUDE_DIR NAMES xnnpack.h PATHS "${XNNPACK_ROOT}/include" ${_xnnpack_there})
find_library(XNNPACK_LIBRARY NAMES XNNPACK PATHS "${XNNPACK_ROOT}/lib" ${_xnnpack_there})
find_library(XNNPACK_MICROKERNELS_LIBRARY NAMES microkernels-prod xnnpack-microkernels-prod
             PATHS "${XNNPACK_ROOT}/lib" ${_xnnpack_there})
find_library(XNNPACK_PTHREADPOOL_LIBRARY NAMES pthreadpool PATHS "${XNNPACK_ROOT}/lib" ${_xnnpack_there})
find_library(XNNPACK_CPUINFO_LIBRARY NAMES cpuinfo PATHS "${XNNPACK_ROOT}/lib" ${_xnnpack_there})

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  XNNPACK
  REQUIRED_VARS XNNPACK_LIBRARY XNNPACK_MICROKERNELS_LIBRARY XNNPACK_PTHREADPOOL_LIBRARY XNNPACK_CPUINFO_LIBRARY
                XNNPACK_INCLUDE_DIR
  REASON_FAILURE_MESSAGE
    "no complete prefix at XNNPACK_ROOT='${XNNPACK_ROOT}'. ${XNNPACK_REASON} Run `make setup`, or pass -DXNNPACK_ROOT=<prefix>")

if(XNNPACK_FOUND AND NOT TARGET XNNPACK::XNNPACK)
  find_package(Threads REQUIRED)
  foreach(_pair IN ITEMS "cpuinfo=CPUINFO_LIBRARY" "pthreadpool=PTHREADPOOL_LIBRARY"
                         "microkernels=MICROKERNELS_LIBRARY" "XNNPACK=LIBRARY")
    string(REPLACE "=" ";" _pair "${_pair}")
    list(GET _pair 0 _name)
    list(GET _pair 1 _variable)
    add_library(XNNPACK::${_name} STATIC IMPORTED)
    set_target_properties(
      XNNPACK::${_name}
      PROPERTIES IMPORTED_LOCATION "${XNNPACK_${_variable}}"
                 INTERFACE_INCLUDE_DIRECTORIES "${XNNPACK_INCLUDE_DIR}")
  endforeach()
  # CMake keeps this order on the link line, and repeats what a cycle needs.
  target_link_libraries(XNNPACK::pthreadpool INTERFACE Threads::Threads)
  target_link_libraries(XNNPACK::microkernels INTERFACE XNNPACK::cpuinfo XNNPACK::pthreadpool)
  target_link_libraries(
    XNNPACK::XNNPACK INTERFACE XNNPACK::microkernels XNNPACK::pthreadpool XNNPACK::cpuinfo ${CMAKE_DL_LIBS}
                               $<$<NOT:$<PLATFORM_ID:Windows>>:m>)
  # KleidiAI's archives stand beside the others on Arm, where a prefix was built with it.
  file(GLOB _xnnpack_kleidiai "${XNNPACK_ROOT}/lib/libkleidiai*.a")
  if(_xnnpack_kleidiai)
    target_link_libraries(XNNPACK::XNNPACK INTERFACE ${_xnnpack_kleidiai})
  endif()
endif()
