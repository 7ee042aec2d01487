# find_package(WasmEdge) defines the target WasmEdge::wasmedge_c, and
#   WasmEdge_INCLUDE_DIR, WasmEdge_INCLUDE_DIRS  directory of wasmedge/wasmedge.h
#   WasmEdge_LIBRARY, WasmEdge_LIBRARIES         the library
# The files are looked for relative to this one: in the Python package, or in a prefix.

get_filename_component(_wasmedge_package "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
get_filename_component(_wasmedge_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(EXISTS "${_wasmedge_package}/libwasmedge_c.so")
  set(WasmEdge_LIBRARY "${_wasmedge_package}/libwasmedge_c.so")
  set(WasmEdge_INCLUDE_DIR "${_wasmedge_package}/include")
else()
  set(WasmEdge_LIBRARY "${_wasmedge_prefix}/lib/libwasmedge_c.so")
  set(WasmEdge_INCLUDE_DIR "${_wasmedge_prefix}/include")
endif()
unset(_wasmedge_package)
unset(_wasmedge_prefix)

foreach(_wasmedge_file "${WasmEdge_LIBRARY}" "${WasmEdge_INCLUDE_DIR}/wasmedge/wasmedge.h")
  if(NOT EXISTS "${_wasmedge_file}")
    set(WasmEdge_FOUND FALSE)
    set(WasmEdge_NOT_FOUND_MESSAGE "${_wasmedge_file} does not exist")
    return()
  endif()
endforeach()
unset(_wasmedge_file)

set(WasmEdge_INCLUDE_DIRS "${WasmEdge_INCLUDE_DIR}")
set(WasmEdge_LIBRARIES "${WasmEdge_LIBRARY}")
if(NOT TARGET WasmEdge::wasmedge_c)
  add_library(WasmEdge::wasmedge_c SHARED IMPORTED)
  set_target_properties(WasmEdge::wasmedge_c PROPERTIES
    IMPORTED_LOCATION "${WasmEdge_LIBRARY}"
    IMPORTED_SONAME "libwasmedge_c.so"
    INTERFACE_INCLUDE_DIRECTORIES "${WasmEdge_INCLUDE_DIR}")
endif()
