# Engine libraries for the tests of the loader: one that works and one for each kind of failure.

function(lungrt_fake_engine target)
  add_library(${target} MODULE ${CMAKE_CURRENT_SOURCE_DIR}/backend/fake_engine.cpp)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cpp/src
                                               ${PROJECT_SOURCE_DIR}/cpp/include
                                               ${PROJECT_BINARY_DIR}/cpp/include)
  target_compile_definitions(${target} PRIVATE ${ARGN})
  target_link_libraries(${target} PRIVATE lungrt_compiler)
  string(TOUPPER ${target} macro)
  target_compile_definitions(lungrt_tests PRIVATE ${macro}="$<TARGET_FILE:${target}>")
  add_dependencies(lungrt_tests ${target})
endfunction()

lungrt_fake_engine(engine_good FAKE_ENTRY=lungrt_engine_table)
lungrt_fake_engine(engine_compiled FAKE_ENTRY=lungrt_engine_table FAKE_FORMAT="aotinductor")
lungrt_fake_engine(engine_torch FAKE_ENTRY=lungrt_engine_table FAKE_FORMAT="torchscript")
lungrt_fake_engine(engine_torch_cuda FAKE_ENTRY=lungrt_engine_table FAKE_FORMAT="torchscript"
                   FAKE_CUDA_DEVICES=2 FAKE_CUDA_PRECISIONS=kLungrtFp32|kLungrtTf32|kLungrtFp16)
lungrt_fake_engine(engine_device_tensors FAKE_ENTRY=lungrt_engine_table FAKE_CUDA_DEVICES=2
                   FAKE_DEVICE_TENSORS=1)
lungrt_fake_engine(engine_device_tensors_or_not FAKE_ENTRY=lungrt_engine_table FAKE_CUDA_DEVICES=2
                   FAKE_DEVICE_TENSORS=1 FAKE_ANY_PLACE=1)
lungrt_fake_engine(engine_host_tensors FAKE_ENTRY=lungrt_engine_table FAKE_CUDA_DEVICES=2)
lungrt_fake_engine(engine_onnx FAKE_ENTRY=lungrt_engine_table FAKE_FORMAT="onnx")
lungrt_fake_engine(engine_wrong_abi FAKE_ENTRY=lungrt_engine_table FAKE_ABI=99)
lungrt_fake_engine(engine_wrong_core FAKE_ENTRY=lungrt_engine_table FAKE_CORE="0.0.0")
lungrt_fake_engine(engine_wrong_runtime FAKE_ENTRY=lungrt_engine_table
                   FAKE_RUNTIME_STATUS=kLungrtUnsupportedRuntime)
lungrt_fake_engine(engine_no_runtime FAKE_ENTRY=lungrt_engine_table
                   FAKE_RUNTIME_STATUS=kLungrtRuntimeMissing)
lungrt_fake_engine(engine_no_table FAKE_ENTRY=something_else)
