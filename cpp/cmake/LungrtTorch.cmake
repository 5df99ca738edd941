# Engines that are linked to the torch wheel's LibTorch.
#
# LibTorch keeps its C++ interface within a minor version, so a library belongs to one: it is built for the torch of the
# Python at hand, or for each of several, side by side, as the distribution lungrt-torch has them.

set(LUNGRT_TORCH_FOLDERS
    ""
    CACHE STRING "Folders of torch packages (.../site-packages/torch), one a minor version; empty: the one of the Python at hand")

# Everything that belongs to lungrt-torch; packaging/torch builds nothing else.
add_custom_target(lungrt_torch_engines)

# lungrt_torch_minor(<variable> <folder>): "2.13" of a torch package, from where lungrt.torch_engines reads it, too.
function(lungrt_torch_minor variable folder)
  set(line "")
  if(EXISTS ${folder}/version.py)
    file(STRINGS ${folder}/version.py line REGEX "^__version__ *=" LIMIT_COUNT 1)
  endif()
  if(NOT line MATCHES "['\"]([0-9]+\\.[0-9]+)")
    message(FATAL_ERROR "${folder} is no folder of a torch package: its version.py, which tells the version, is missing "
                        "or tells none; correct LUNGRT_TORCH_FOLDERS or install torch again")
  endif()
  set(${variable} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

# lungrt_torch_usage(<target> <folder>): torch's headers, and our own. Plain -I and -l instead of
# find_package(Torch): that one drags in CUDA toolkits and OpenMP flags.
function(lungrt_torch_usage target folder)
  target_include_directories(${target} SYSTEM PRIVATE ${folder}/include ${folder}/include/torch/csrc/api/include)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cpp/src ${PROJECT_SOURCE_DIR}/cpp/include
                                               ${PROJECT_BINARY_DIR}/cpp/include)
  target_link_libraries(${target} PRIVATE lungrt_compiler)
  # Its assertions name their files: none of this machine's folders goes out.
  target_compile_options(${target} PRIVATE -fmacro-prefix-map=${folder}/include/=)
endfunction()

# lungrt_torch_library(<target> <common> <folder> <source>...): the loadable library of an engine for one torch;
# <common> is the target of what the engines on it share.
function(lungrt_torch_library target common folder)
  if(NOT TARGET ${common})
    set(sources ${PROJECT_SOURCE_DIR}/cpp/src/backend/torch_common)
    add_library(${common} OBJECT ${sources}/failures.cpp ${sources}/run_allocator.cpp ${sources}/runtime.cpp
                                 ${sources}/tensors.cpp ${sources}/thread_count.cpp)
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
  # Torch lies beside this library, or in site-packages beside lungrt or lungrt_torch; elsewhere the registry opens
  # libtorch_cpu.so by path first.
  lungrt_plugin_exports(${target})
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN:$ORIGIN/../torch/lib:$ORIGIN/../../torch/lib"
                                             BUILD_RPATH "${folder}/lib")
  if(SKBUILD)
    lungrt_torch_minor(minor ${folder})
    install(TARGETS ${target} LIBRARY DESTINATION lungrt_torch/torch-${minor} COMPONENT torch EXCLUDE_FROM_ALL)
  endif()
endfunction()

# lungrt_torch_engine(<name> <source>...): the loadable library of an engine, for every torch that it is built for.
function(lungrt_torch_engine name)
  foreach(folder IN LISTS LUNGRT_TORCH_FOLDERS)
    lungrt_torch_minor(minor ${folder})
    set(target lungrt_${name}_torch${minor})
    lungrt_torch_library(${target} lungrt_torch${minor}_common ${folder} ${ARGN})
    set_target_properties(${target} PROPERTIES OUTPUT_NAME lungrt_${name}
                                               LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/torch-${minor})
  endforeach()
  if(LUNGRT_TORCH_FOLDERS)
    return()
  endif()

  lungrt_find_package_folder(torch_folder torch)
  if(NOT torch_folder)
    message(STATUS "lungrt: torch not found, the engine ${name} is not built")
    return()
  endif()
  lungrt_torch_library(lungrt_${name} lungrt_torch_common ${torch_folder} ${ARGN})
  lungrt_plugin(lungrt_${name})
endfunction()
