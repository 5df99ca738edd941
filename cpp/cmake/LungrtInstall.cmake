# What `cmake --install` installs besides the libraries (LungrtCore). The prefix may be moved.
# Components: core (what a program needs at run time), devel (headers, CMake package, pkg-config),
# static, and one for each further library.

set(package_sources ${CMAKE_CURRENT_LIST_DIR}/package)
set(package_build ${CMAKE_CURRENT_BINARY_DIR}/package)

set(lungrt_absent_headers "")
if(NOT lungrt_has_io)
  set(lungrt_absent_headers PATTERN io.h EXCLUDE)
endif()
install(
  DIRECTORY include/lungrt ${CMAKE_CURRENT_BINARY_DIR}/include/lungrt
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT devel
  FILES_MATCHING
  PATTERN "*.h"
  ${lungrt_absent_headers})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT core)

include(CMakePackageConfigHelpers)
configure_package_config_file(
  ${package_sources}/lungrtConfig.cmake.in ${package_build}/lungrtConfig.cmake
  INSTALL_DESTINATION ${lungrt_package_folder}
  PATH_VARS CMAKE_INSTALL_LIBDIR)
# SameMinorVersion until 1.0, like the binary interface (lungrt_abi_version).
write_basic_package_version_file(
  ${package_build}/lungrtConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(
  FILES ${package_build}/lungrtConfig.cmake ${package_build}/lungrtConfigVersion.cmake
        ${package_sources}/lungrt-runtime.cmake
  DESTINATION ${lungrt_package_folder}
  COMPONENT devel)

# Relative path from lib/pkgconfig to the prefix.
set(pkgconfig_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
string(REGEX REPLACE "[^/]+" ".." lungrt_prefix_from_pkgconfig ${pkgconfig_folder})
if(BUILD_SHARED_LIBS)
  set(lungrt_pkgconfig_shared "")
else()
  set(lungrt_pkgconfig_shared " -lstdc++ -lm -ldl -pthread")
endif()
configure_file(${package_sources}/lungrt.pc.in ${package_build}/lungrt.pc @ONLY)
install(FILES ${package_build}/lungrt.pc DESTINATION ${pkgconfig_folder} COMPONENT devel)
