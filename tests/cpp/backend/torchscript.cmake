# Tests of what the engines on LibTorch do with it: a separate program, linked to LibTorch.

lungrt_find_package_folder(torch_folder torch)
# As a library, so that its options are the engine's, whose precompiled headers then serve.
add_library(
  lungrt_torchscript_test_objects OBJECT
  ${CMAKE_CURRENT_SOURCE_DIR}/backend/torch_common/test_device_failures.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/backend/torchscript/test_fold_batch_norms.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/backend/torchscript/test_forward.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/backend/torchscript/test_memory_format.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/backend/torchscript/test_options.cpp
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

if(NOT TARGET lungrt_aotinductor)
  return() # the tests below open both engines
endif()

# Whether torch's CUDA library is loaded in time: a program without torch, which opens the engines'
# libraries beside stand-ins for that library and for the driver.
function(lungrt_fake_torch_cuda target devices)
  add_library(${target} MODULE
              ${CMAKE_CURRENT_SOURCE_DIR}/backend/torch_common/fake_torch_cuda.cpp)
  lungrt_torch_usage(${target} ${torch_folder})
  target_compile_definitions(${target} PRIVATE FAKE_TORCH_DEVICES=${devices})
  target_link_options(${target} PRIVATE -L${torch_folder}/lib -Wl,--no-as-needed -ltorch_cpu -lc10
                      -Wl,-rpath-link,${torch_folder}/lib)
endfunction()

lungrt_fake_torch_cuda(fake_torch_cuda 2)
lungrt_fake_torch_cuda(fake_torch_without_devices 0)
add_library(fake_torch_driver MODULE
            ${CMAKE_CURRENT_SOURCE_DIR}/backend/torch_common/fake_driver.cpp)
target_link_libraries(fake_torch_driver PRIVATE lungrt_compiler)
# The name by which the engines open the driver, so that the loader gives them this one.
target_link_options(fake_torch_driver PRIVATE -Wl,-soname,libcuda.so.1)

add_executable(lungrt_torch_cuda_tests
               ${CMAKE_CURRENT_SOURCE_DIR}/backend/torch_common/test_torch_cuda.cpp)
target_include_directories(
  lungrt_torch_cuda_tests PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/cpp/src)
target_compile_definitions(
  lungrt_torch_cuda_tests
  PRIVATE TORCH_LIBRARIES="${torch_folder}/lib" FAKE_DRIVER="$<TARGET_FILE:fake_torch_driver>"
          FAKE_TORCH_CUDA="$<TARGET_FILE:fake_torch_cuda>"
          FAKE_TORCH_WITHOUT_DEVICES="$<TARGET_FILE:fake_torch_without_devices>"
          TORCHSCRIPT_ENGINE="$<TARGET_FILE:lungrt_torchscript>"
          AOTINDUCTOR_ENGINE="$<TARGET_FILE:lungrt_aotinductor>")
target_link_libraries(lungrt_torch_cuda_tests PRIVATE lungrt_compiler GTest::gtest_main
                                                      ${CMAKE_DL_LIBS})
add_dependencies(lungrt_torch_cuda_tests fake_torch_cuda fake_torch_without_devices
                 fake_torch_driver lungrt_torchscript lungrt_aotinductor)
gtest_discover_tests(lungrt_torch_cuda_tests NO_PRETTY_VALUES)
