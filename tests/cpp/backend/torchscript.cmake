# Tests of the TorchScript engine's graph rewrites: a separate program, linked to LibTorch.

lungrt_find_package_folder(torch_folder torch)
# As a library, so that its options are the engine's, whose precompiled headers then serve.
add_library(
  lungrt_torchscript_test_objects OBJECT
  ${CMAKE_CURRENT_SOURCE_DIR}/backend/torchscript/test_fold_batch_norms.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/backend/torchscript/test_precision.cpp)
lungrt_torch_usage(lungrt_torchscript_test_objects ${torch_folder})
lungrt_precompiled_as(lungrt_torchscript_test_objects lungrt_torch_common)
target_link_libraries(lungrt_torchscript_test_objects PRIVATE GTest::gtest)

add_executable(
  lungrt_torchscript_tests
  $<TARGET_OBJECTS:lungrt_torchscript_test_objects> $<TARGET_OBJECTS:lungrt_torchscript_objects>
  $<TARGET_OBJECTS:lungrt_torch_common>)
target_link_libraries(lungrt_torchscript_tests PRIVATE GTest::gtest_main ${CMAKE_DL_LIBS})
target_link_options(
  lungrt_torchscript_tests PRIVATE -L${torch_folder}/lib -Wl,--no-as-needed -ltorch_cpu -lc10
  -Wl,-rpath-link,${torch_folder}/lib)
set_target_properties(lungrt_torchscript_tests PROPERTIES BUILD_RPATH "${torch_folder}/lib")
# Loading LibTorch takes several seconds on a machine that is busy compiling.
gtest_discover_tests(lungrt_torchscript_tests NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60)
