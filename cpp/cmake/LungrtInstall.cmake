# What `cmake --install` puts into a prefix that may be moved, beside the libraries (LungrtCore). Components: core (what a program
# needs when it runs), devel (headers, CMake package, pkg-config), static, and one for each library more.

set(package_sources ${CMAKE_CURRENT_LIST_DIR}/package)
set(package_build ${CMAKE_CURRENT_BINARY_DIR}/package)

install(
  DIRECTORY include/lungrt ${CMAKE_CURRENT_BINARY_DIR}/include/lungrt
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT devel
  FILES_MATCHING
  PATTERN "*.h")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT core)

include(CMakePackageConfigHelpers)
configure_package_config_file(
  ${package_sources}/lungrtConfig.cmake.in ${package_build}/lungrtConfig.cmake
  INSTALL_DESTINATION ${lungrt_package_folder}
  PATH_VARS CMAKE_INSTALL_LIBDIR)
# SameMinorVersion until 1.0, as the binary interface (lungrt_abi_version).
write_basic_package_version_file(
  ${package_build}/lungrtConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(
  FILES ${package_build}/lungrtConfig.cmake ${package_build}/lungrtConfigVersion.cmake
        ${package_sources}/lungrt-runtime.cmake
  DESTINATION ${lungrt_package_folder}
  COMPONENT devel)

# The way from lib/pkgconfig back to the prefix.
set(pkgconfig_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
string(REGEX REPLACE "[^/]+" ".." lungrt_prefix_from_pkgconfig ${pkgconfig_folder})
if(BUILD_SHARED_LIBS)
  set(lungrt_pkgconfig_shared "")
else()
  set(lungrt_pkgconfig_shared " -lstdc++ -lm -ldl -pthread")
endif()
configure_file(${package_sources}/lungrt.pc.in ${package_build}/lungrt.pc @ONLY)
install(FILES ${package_build}/lungrt.pc DESTINATION ${pkgconfig_folder} COMPONENT devel)
