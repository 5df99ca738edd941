# Instrumented builds. All of them stop at the first finding, so that no report goes unnoticed.

if(LUNGRT_SANITIZE_THREAD AND (LUNGRT_SANITIZE OR LUNGRT_BUILD_FUZZERS))
  message(FATAL_ERROR "lungrt: the thread sanitizer cannot be combined with other sanitizers or "
                      "fuzzers; use a separate build folder for each")
endif()

if(LUNGRT_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "lungrt: the fuzzers need Clang; configure with "
                        "-DCMAKE_CXX_COMPILER=clang++-16, or use the preset 'fuzz'")
  endif()
  # Without libFuzzer's main(); tests/fuzz links that.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(LUNGRT_SANITIZE OR LUNGRT_BUILD_FUZZERS)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer
                      -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()
if(LUNGRT_SANITIZE_THREAD)
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()
# False positives of GCC for std::regex in instrumented builds.
if((LUNGRT_SANITIZE OR LUNGRT_SANITIZE_THREAD) AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>)
endif()
