# Tests of the CUDA core that was built, which need no device, and of its host code with a stand-in
# for the CUDA runtime, whose headers they need.

add_library(fake_driver SHARED ops/cuda/fake_driver.cpp)
# The name by which the CUDA runtime looks for the driver.
set_target_properties(fake_driver PROPERTIES NO_SONAME ON)
target_link_options(fake_driver PRIVATE -Wl,-soname,libcuda.so.1)

function(lungrt_cuda_test target)
  add_executable(${target} ${ARGN})
  target_include_directories(
    ${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}
                      $<TARGET_PROPERTY:lungrt_objects,INCLUDE_DIRECTORIES>)
  target_link_libraries(${target} PRIVATE lungrt_objects lungrt_compiler GTest::gtest_main)
  lungrt_lightly_optimized(${target})
  lungrt_precompiled_as(${target} lungrt_test_headers)
endfunction()

lungrt_cuda_test(lungrt_built_core_tests ops/cuda/test_built_core.cpp)
target_compile_definitions(
  lungrt_built_core_tests PRIVATE CUDA_CORE="$<TARGET_FILE:lungrt_cuda>"
                                  FAKE_DRIVER="$<TARGET_FILE:fake_driver>"
                                  CUDA_VERSION="${CMAKE_CUDA_COMPILER_VERSION}")
add_dependencies(lungrt_built_core_tests lungrt_cuda fake_driver)
gtest_discover_tests(lungrt_built_core_tests NO_PRETTY_VALUES)

lungrt_cuda_test(lungrt_device_machine_tests ops/cuda/fake_runtime.cpp
                 ops/cuda/test_device_machine.cpp ops/cuda/test_kernel_benchmark.cpp)
target_include_directories(
  lungrt_device_machine_tests PRIVATE ${PROJECT_SOURCE_DIR}/cpp/bench
                                      ${PROJECT_SOURCE_DIR}/cpp/bench/cuda)
target_include_directories(lungrt_device_machine_tests SYSTEM
                           PRIVATE ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES})
gtest_discover_tests(lungrt_device_machine_tests NO_PRETTY_VALUES)
