# The core as a library: shared, static or both, made of the same objects.
#
# BUILD_SHARED_LIBS selects which of them is lungrt::core; LUNGRT_BUILD_STATIC adds
# lungrt::core_static to a shared one.

set(lungrt_package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/lungrt)
set(lungrt_exports ${CMAKE_CURRENT_LIST_DIR}/exports)
# Libraries that the core opens by name are searched for beside it, also in the build tree.
set(lungrt_library_folder ${CMAKE_CURRENT_BINARY_DIR})
# Before 1.0 every minor release may change the binary interface.
set(lungrt_abi_version ${PROJECT_VERSION_MAJOR})
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(lungrt_abi_version ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endif()

# lungrt_headers(<target>): adds the public headers, which need C++17, to whatever links the target.
function(lungrt_headers target)
  target_include_directories(
    ${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/cpp/include>
                     $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/cpp/include>
                     $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${target} PUBLIC cxx_std_17)
endfunction()

# lungrt_linked_library(<target> <component>): a shared library that applications link as
# lungrt::<component>. It exports what is marked LUNGRT_API, carries the version of the binary
# interface, and is a component of the package.
function(lungrt_linked_library target component)
  target_link_options(
    ${target} PRIVATE LINKER:--no-undefined LINKER:--version-script=${lungrt_exports}/core.map)
  # Only SOVERSION, no VERSION: wheels cannot contain symbolic links.
  set_target_properties(
    ${target}
    PROPERTIES EXPORT_NAME ${component}
               SOVERSION ${lungrt_abi_version}
               INSTALL_RPATH "$ORIGIN"
               BUILD_WITH_INSTALL_RPATH ON
               LIBRARY_OUTPUT_DIRECTORY ${lungrt_library_folder}
               LINK_DEPENDS ${lungrt_exports}/core.map)
  lungrt_headers(${target})
  if(LUNGRT_INSTALL)
    install(
      TARGETS ${target} EXPORT lungrt-${component}-targets
      LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component} NAMELINK_COMPONENT devel)
    install(EXPORT lungrt-${component}-targets NAMESPACE lungrt::
            DESTINATION ${lungrt_package_folder} COMPONENT devel)
  endif()
endfunction()

if(BUILD_SHARED_LIBS)
  add_library(lungrt SHARED)
  add_library(lungrt::core ALIAS lungrt)
  target_link_libraries(lungrt PRIVATE lungrt_objects)
  lungrt_linked_library(lungrt core)
  if(SKBUILD)
    install(TARGETS lungrt LIBRARY DESTINATION lungrt COMPONENT python
                                       EXCLUDE_FROM_ALL NAMELINK_SKIP)
  endif()
endif()

if(LUNGRT_BUILD_STATIC OR NOT BUILD_SHARED_LIBS)
  add_library(lungrt_static STATIC $<TARGET_OBJECTS:lungrt_objects>)
  add_library(lungrt::core_static ALIAS lungrt_static)
  if(NOT BUILD_SHARED_LIBS)
    add_library(lungrt::core ALIAS lungrt_static)
  endif()
  target_link_libraries(lungrt_static PUBLIC Threads::Threads ${CMAKE_DL_LIBS})
  set_target_properties(
    lungrt_static PROPERTIES EXPORT_NAME core_static OUTPUT_NAME lungrt ARCHIVE_OUTPUT_DIRECTORY
                                                                      ${lungrt_library_folder})
  lungrt_headers(lungrt_static)
  if(LUNGRT_INSTALL)
    install(TARGETS lungrt_static EXPORT lungrt-static-targets
            ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT static)
    install(EXPORT lungrt-static-targets NAMESPACE lungrt::
            DESTINATION ${lungrt_package_folder} COMPONENT static)
  endif()
endif()

# lungrt_plugin_exports(<target>): a library that the core opens by name exports only its table.
function(lungrt_plugin_exports target)
  target_link_options(${target} PRIVATE LINKER:--version-script=${lungrt_exports}/plugin.map)
  set_target_properties(${target} PROPERTIES LINK_DEPENDS ${lungrt_exports}/plugin.map)
endfunction()

# lungrt_plugin(<target> <rpath>...): a library that the core opens by name, lungrt_<component>. It
# lies beside the core and is a component of the package.
function(lungrt_plugin target)
  string(REPLACE lungrt_ "" component ${target})
  lungrt_plugin_exports(${target})
  set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${lungrt_library_folder})
  if(ARGN)
    list(JOIN ARGN ":" rpath)
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "${rpath}")
  endif()
  if(SKBUILD)
    install(TARGETS ${target} LIBRARY DESTINATION lungrt COMPONENT python EXCLUDE_FROM_ALL)
  endif()
  if(LUNGRT_INSTALL)
    install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component})
  endif()
endfunction()
