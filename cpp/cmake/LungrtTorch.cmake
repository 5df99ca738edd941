# Engines that link to LibTorch in the torch wheel.
#
# LibTorch's C++ interface is stable within a minor version only, so each library belongs to one
# minor version. It is built for the torch of the current Python, or for each of several versions
# side by side, as in the distribution lungrt-torch.

set(LUNGRT_TORCH_FOLDERS
    ""
    CACHE STRING "Folders of torch packages (.../site-packages/torch), one per minor version; \
empty: the torch of the current Python")

# All targets that belong to lungrt-torch; packaging/torch builds nothing else.
add_custom_target(lungrt_torch_engines)

# lungrt_torch_minor(<variable> <folder>): minor version of a torch package, e.g. "2.13", from the
# file in which lungrt.torch_engines looks it up as well.
function(lungrt_torch_minor variable folder)
  set(line "")
  if(EXISTS ${folder}/version.py)
    file(STRINGS ${folder}/version.py line REGEX "^__version__ *=" LIMIT_COUNT 1)
  endif()
  if(NOT line MATCHES "['\"]([0-9]+\\.[0-9]+)")
    message(FATAL_ERROR "${folder} is not the folder of a torch package: its version.py is missing "
                        "or contains no version; correct LUNGRT_TORCH_FOLDERS, or install torch "
                        "again")
  endif()
  set(${variable} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

# lungrt_torch_usage(<target> <folder>): adds torch's headers and our own. Not find_package(Torch),
# which requires CUDA toolkits and adds OpenMP flags.
function(lungrt_torch_usage target folder)
  target_include_directories(${target} SYSTEM PRIVATE ${folder}/include
                                                      ${folder}/include/torch/csrc/api/include)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cpp/src
                                               ${PROJECT_SOURCE_DIR}/cpp/include
                                               ${PROJECT_BINARY_DIR}/cpp/include)
  target_link_libraries(${target} PRIVATE lungrt_compiler)
  # Torch's assertions contain file names; this keeps the build machine's folders out of them.
  target_compile_options(${target} PRIVATE -fmacro-prefix-map=${folder}/include/=)
endfunction()

# lungrt_torch_library(<target> <common> <folder> <source>...): loadable library of an engine for
# one version of torch; <common> is the target with the code that the engines for it share.
function(lungrt_torch_library target common folder)
  if(NOT TARGET ${common})
    set(backend ${PROJECT_SOURCE_DIR}/cpp/src/backend)
    add_library(
      ${common} OBJECT
      ${backend}/cuda_driver.cpp ${backend}/torch_common/device_failures.cpp
      ${backend}/torch_common/run_allocator.cpp ${backend}/torch_common/runtime.cpp
      ${backend}/torch_common/tensors.cpp ${backend}/torch_common/torch_cuda.cpp)
    lungrt_torch_usage(${common} ${folder})
    lungrt_precompile(${common} <torch/script.h>)
  endif()
  # As objects, so that tests reach the insides and compile nothing again.
  add_library(${target}_objects OBJECT ${ARGN})
  lungrt_torch_usage(${target}_objects ${folder})
  lungrt_precompiled_as(${target}_objects ${common})
  add_library(${target} MODULE $<TARGET_OBJECTS:${target}_objects> $<TARGET_OBJECTS:${common}>)
  target_link_libraries(${target} PRIVATE ${CMAKE_DL_LIBS})
  target_link_options(${target} PRIVATE -L${folder}/lib -Wl,--no-as-needed -ltorch_cpu -lc10
                      -Wl,-rpath-link,${folder}/lib)
  add_dependencies(lungrt_torch_engines ${target})
  # Torch is beside this library, or in site-packages beside lungrt or lungrt_torch. If it is
  # elsewhere, the registry opens libtorch_cpu.so by its path first.
  lungrt_plugin_exports(${target})
  set_target_properties(
    ${target} PROPERTIES INSTALL_RPATH "$ORIGIN:$ORIGIN/../torch/lib:$ORIGIN/../../torch/lib"
                         BUILD_RPATH "${folder}/lib")
  if(SKBUILD)
    lungrt_torch_minor(minor ${folder})
    install(TARGETS ${target} LIBRARY DESTINATION lungrt_torch/torch-${minor} COMPONENT torch
                                          EXCLUDE_FROM_ALL)
  endif()
endfunction()

# lungrt_torch_engine(<name> <source>...): loadable libraries of an engine, one per torch version.
function(lungrt_torch_engine name)
  foreach(folder IN LISTS LUNGRT_TORCH_FOLDERS)
    lungrt_torch_minor(minor ${folder})
    set(target lungrt_${name}_torch${minor})
    lungrt_torch_library(${target} lungrt_torch${minor}_common ${folder} ${ARGN})
    set_target_properties(
      ${target} PROPERTIES OUTPUT_NAME lungrt_${name}
                           LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/torch-${minor})
  endforeach()
  if(LUNGRT_TORCH_FOLDERS)
    return()
  endif()

  lungrt_find_package_folder(torch_folder torch)
  if(NOT torch_folder)
    message(STATUS "lungrt: torch was not found, the engine ${name} is not built")
    return()
  endif()
  lungrt_torch_library(lungrt_${name} lungrt_torch_common ${torch_folder} ${ARGN})
  lungrt_plugin(lungrt_${name})
endfunction()
