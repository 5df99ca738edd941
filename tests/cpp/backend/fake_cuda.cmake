# CUDA cores for the tests of the loader and of the stages: one that works, in host memory, and one
# for each fault that the loader must refuse. The kernels are compiled once, for all of them.

add_library(fake_cuda_objects OBJECT ${CMAKE_CURRENT_SOURCE_DIR}/backend/fake_cuda.cpp)
target_include_directories(
  fake_cuda_objects
  PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/cpp/src ${PROJECT_SOURCE_DIR}/cpp/include
         ${PROJECT_BINARY_DIR}/cpp/include)
target_link_libraries(fake_cuda_objects PRIVATE lungrt_compiler PUBLIC Threads::Threads)

function(lungrt_fake_cuda target)
  add_library(${target} MODULE ${CMAKE_CURRENT_SOURCE_DIR}/backend/fake_cuda_entry.cpp)
  target_compile_definitions(${target} PRIVATE ${ARGN})
  target_link_libraries(${target} PRIVATE fake_cuda_objects lungrt_compiler)
  string(TOUPPER ${target} macro)
  target_compile_definitions(lungrt_tests PRIVATE ${macro}="$<TARGET_FILE:${target}>")
  add_dependencies(lungrt_tests ${target})
endfunction()

lungrt_fake_cuda(cuda_good FAKE_ENTRY=lungrt_cuda_table)
lungrt_fake_cuda(cuda_no_driver FAKE_ENTRY=lungrt_cuda_table FAKE_DEVICES=0)
lungrt_fake_cuda(cuda_old_driver FAKE_ENTRY=lungrt_cuda_table FAKE_DEVICES=-1)
lungrt_fake_cuda(cuda_wrong_abi FAKE_ENTRY=lungrt_cuda_table FAKE_ABI=99)
lungrt_fake_cuda(cuda_wrong_core FAKE_ENTRY=lungrt_cuda_table FAKE_CORE="0.0.0")
lungrt_fake_cuda(cuda_no_table FAKE_ENTRY=something_else)
