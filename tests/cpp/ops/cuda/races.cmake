# Tests of the CUDA kernels with real threads under ThreadSanitizer, which cannot be combined with
# other sanitizers.

include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_FLAGS -fsanitize=thread)
check_cxx_source_compiles("int main() { return 0; }" LUNGRT_HAS_THREAD_SANITIZER)
unset(CMAKE_REQUIRED_FLAGS)
if(LUNGRT_SANITIZE OR NOT LUNGRT_HAS_THREAD_SANITIZER)
  message(STATUS "lungrt: ThreadSanitizer is not available in this build, the CUDA kernels are not "
                 "searched for races")
  return()
endif()

add_executable(lungrt_race_tests ops/cuda/test_races.cpp)
target_include_directories(
  lungrt_race_tests PRIVATE ${PROJECT_SOURCE_DIR}/cpp/src ${PROJECT_SOURCE_DIR}/cpp/include
                            ${PROJECT_BINARY_DIR}/cpp/include)
target_compile_options(lungrt_race_tests PRIVATE -fsanitize=thread)
target_link_options(lungrt_race_tests PRIVATE -fsanitize=thread)
target_link_libraries(lungrt_race_tests PRIVATE lungrt_compiler Threads::Threads GTest::gtest_main)
gtest_discover_tests(lungrt_race_tests NO_PRETTY_VALUES)
