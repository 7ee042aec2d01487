# The version of wasmedge/version.h. Releases 0.x promise compatibility within one minor version.

foreach(_wasmedge_include "${CMAKE_CURRENT_LIST_DIR}/../include" "${CMAKE_CURRENT_LIST_DIR}/../../../include")
  if(EXISTS "${_wasmedge_include}/wasmedge/version.h")
    file(STRINGS "${_wasmedge_include}/wasmedge/version.h" _wasmedge_line REGEX "define WASMEDGE_VERSION \"")
    string(REGEX REPLACE ".*\"(.*)\".*" "\\1" PACKAGE_VERSION "${_wasmedge_line}")
    break()
  endif()
endforeach()
unset(_wasmedge_include)
unset(_wasmedge_line)

set(PACKAGE_VERSION_COMPATIBLE FALSE)
if(NOT PACKAGE_VERSION VERSION_LESS PACKAGE_FIND_VERSION
   AND PACKAGE_FIND_VERSION_MAJOR STREQUAL "0"
   AND (NOT PACKAGE_FIND_VERSION_COUNT GREATER 1 OR PACKAGE_VERSION MATCHES "^0\\.${PACKAGE_FIND_VERSION_MINOR}\\."))
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
  if(PACKAGE_VERSION VERSION_EQUAL PACKAGE_FIND_VERSION)
    set(PACKAGE_VERSION_EXACT TRUE)
  endif()
endif()
if(NOT CMAKE_SIZEOF_VOID_P STREQUAL "" AND NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
  set(PACKAGE_VERSION "${PACKAGE_VERSION} (64 bit)")
  set(PACKAGE_VERSION_UNSUITABLE TRUE)
endif()
