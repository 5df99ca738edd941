# What the TorchScript engine does to a loaded graph: a program of its own, linked to LibTorch.

lungrt_find_package_folder(torch_folder torch)
set(torchscript_sources ${PROJECT_SOURCE_DIR}/cpp/src/backend/torchscript)
add_executable(
  lungrt_torchscript_tests
  ${CMAKE_CURRENT_SOURCE_DIR}/backend/torchscript/test_channels_last.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/backend/torchscript/test_fold_batch_norms.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/backend/torchscript/test_pair_slices.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/backend/torchscript/test_precision.cpp
  ${torchscript_sources}/channels_last.cpp
  ${torchscript_sources}/convolution_node.cpp
  ${torchscript_sources}/fold_batch_norms.cpp
  ${torchscript_sources}/graph_function.cpp
  ${torchscript_sources}/mkldnn_convolution.cpp
  ${torchscript_sources}/normalized_convolution.cpp
  ${torchscript_sources}/pair_slices.cpp
  ${torchscript_sources}/paired_convolutions.cpp
  ${torchscript_sources}/precision.cpp)
lungrt_torch_usage(lungrt_torchscript_tests ${torch_folder})
target_link_libraries(lungrt_torchscript_tests PRIVATE GTest::gtest_main)
target_link_options(lungrt_torchscript_tests PRIVATE -L${torch_folder}/lib -Wl,--no-as-needed -ltorch_cpu -lc10
                    -Wl,-rpath-link,${torch_folder}/lib)
set_target_properties(lungrt_torchscript_tests PROPERTIES BUILD_RPATH "${torch_folder}/lib")
# Loading LibTorch takes seconds on a machine that is busy compiling.
gtest_discover_tests(lungrt_torchscript_tests NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60)
