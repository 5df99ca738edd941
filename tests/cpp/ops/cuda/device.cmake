# Tests of the CUDA core on a device against the CPU's operators. The same tests also run with the
# fake CUDA core.

function(lungrt_device_tests target core)
  add_executable(${target} ops/cuda/test_device.cpp)
  target_include_directories(
    ${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}
                      $<TARGET_PROPERTY:lungrt_objects,INCLUDE_DIRECTORIES>)
  target_compile_definitions(${target} PRIVATE CUDA_CORE="$<TARGET_FILE:${core}>")
  target_link_libraries(${target} PRIVATE lungrt_objects lungrt_compiler GTest::gtest_main)
  lungrt_lightly_optimized(${target})
  lungrt_precompiled_as(${target} lungrt_test_headers)
  add_dependencies(${target} ${core})
  gtest_discover_tests(${target} NO_PRETTY_VALUES TEST_PREFIX ${target}.)
endfunction()

lungrt_device_tests(lungrt_fake_device_tests cuda_good)
if(TARGET lungrt_cuda)
  lungrt_device_tests(lungrt_device_tests lungrt_cuda)
endif()
