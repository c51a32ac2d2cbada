# Finds oneDNN: DNNL_FOUND, DNNL_VERSION and the target DNNL::DNNL.
#
# The config file in Debian's libdnnl-dev demands the OpenCL headers, which that package does not bring along; the CPU
# part that fornax uses needs neither them nor OpenCL at link time, so the header and the library are looked up here.

find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl_version.h)
find_library(DNNL_LIBRARY dnnl)
mark_as_advanced(DNNL_INCLUDE_DIR DNNL_LIBRARY)

if(DNNL_INCLUDE_DIR)
  file(READ "${DNNL_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h" _dnnl_header)
  set(DNNL_VERSION "")
  foreach(_dnnl_part MAJOR MINOR PATCH)
    if(_dnnl_header MATCHES "DNNL_VERSION_${_dnnl_part} +([0-9]+)")
      list(APPEND DNNL_VERSION ${CMAKE_MATCH_1})
    endif()
  endforeach()
  list(JOIN DNNL_VERSION "." DNNL_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DNNL REQUIRED_VARS DNNL_LIBRARY DNNL_INCLUDE_DIR VERSION_VAR DNNL_VERSION
                                  HANDLE_VERSION_RANGE)

if(DNNL_FOUND AND NOT TARGET DNNL::DNNL)
  add_library(DNNL::DNNL UNKNOWN IMPORTED)
  set_target_properties(DNNL::DNNL PROPERTIES IMPORTED_LOCATION "${DNNL_LIBRARY}"
                                              INTERFACE_INCLUDE_DIRECTORIES "${DNNL_INCLUDE_DIR}")
endif()
