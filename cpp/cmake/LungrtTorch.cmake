# Engines that are linked to the torch wheel's LibTorch.

# lungrt_torch_usage(<target>): torch's headers, and our own. Plain -I and -l instead of
# find_package(Torch): that one drags in CUDA toolkits and OpenMP flags.
function(lungrt_torch_usage target)
  target_include_directories(${target} SYSTEM PRIVATE ${torch_folder}/include
                                                      ${torch_folder}/include/torch/csrc/api/include)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cpp/src ${PROJECT_SOURCE_DIR}/cpp/include
                                               ${PROJECT_BINARY_DIR}/cpp/include)
  target_link_libraries(${target} PRIVATE lungrt_compiler)
  # Its assertions name their files: none of this machine's folders goes out.
  target_compile_options(${target} PRIVATE -fmacro-prefix-map=${torch_folder}/include/=)
endfunction()

# lungrt_torch_engine(<name> <source>...): the loadable library of an engine, beside the core.
function(lungrt_torch_engine name)
  lungrt_find_package_folder(torch_folder torch)
  if(NOT torch_folder)
    message(STATUS "lungrt: torch not found, the engine ${name} is not built")
    return()
  endif()
  if(NOT TARGET lungrt_torch_common)
    set(common ${PROJECT_SOURCE_DIR}/cpp/src/backend/torch_common)
    add_library(lungrt_torch_common OBJECT ${common}/failures.cpp ${common}/run_allocator.cpp ${common}/runtime.cpp
                                           ${common}/tensors.cpp ${common}/thread_count.cpp)
    lungrt_torch_usage(lungrt_torch_common)
  endif()

  set(target lungrt_${name})
  add_library(${target} MODULE ${ARGN} $<TARGET_OBJECTS:lungrt_torch_common>)
  lungrt_torch_usage(${target})
  target_link_libraries(${target} PRIVATE ${CMAKE_DL_LIBS})
  target_link_options(${target} PRIVATE -L${torch_folder}/lib -Wl,--no-as-needed -ltorch_cpu -lc10
                      -Wl,-rpath-link,${torch_folder}/lib)
  # Torch lies beside this library, or in a wheel beside lungrt; elsewhere the registry opens libtorch_cpu.so by path first.
  lungrt_plugin(${target} "$ORIGIN" "$ORIGIN/../torch/lib")
  set_target_properties(${target} PROPERTIES BUILD_RPATH "${torch_folder}/lib")
endfunction()
