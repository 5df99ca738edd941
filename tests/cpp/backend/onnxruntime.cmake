# Tests of the ONNX Runtime engine with unsuitable libraries.

add_library(fake_onnxruntime MODULE ${CMAKE_CURRENT_SOURCE_DIR}/backend/fake_onnxruntime.cpp)
target_link_libraries(fake_onnxruntime PRIVATE lungrt_compiler)
target_sources(
  lungrt_tests
  PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/backend/test_onnxruntime_library.cpp
          ${CMAKE_CURRENT_SOURCE_DIR}/backend/test_onnxruntime_cuda.cpp
          ${CMAKE_CURRENT_SOURCE_DIR}/backend/test_onnxruntime_cuda_graphs.cpp
          ${CMAKE_CURRENT_SOURCE_DIR}/backend/test_onnxruntime_precision.cpp
          $<TARGET_OBJECTS:lungrt_onnxruntime_objects>)
target_compile_definitions(
  lungrt_tests PRIVATE ONNXRUNTIME_ENGINE="$<TARGET_FILE:lungrt_onnxruntime>"
                       OLD_ONNXRUNTIME="$<TARGET_FILE:fake_onnxruntime>")
# options.h needs the runtime's header, but not its library.
set_source_files_properties(
  ${CMAKE_CURRENT_SOURCE_DIR}/backend/test_onnxruntime_precision.cpp
  PROPERTIES COMPILE_DEFINITIONS ORT_API_MANUAL_INIT
             COMPILE_OPTIONS "-isystem;${LUNGRT_ONNXRUNTIME_INCLUDE}")
add_dependencies(lungrt_tests lungrt_onnxruntime fake_onnxruntime)
