# Instrumented builds. Every one of them halts on the first finding: a report nobody reads is none.

if(LUNGRT_SANITIZE_THREAD AND (LUNGRT_SANITIZE OR LUNGRT_BUILD_FUZZERS))
  message(FATAL_ERROR "lungrt: the thread sanitizer goes together with no other; choose one build for each")
endif()

if(LUNGRT_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "lungrt: libFuzzer is Clang's; configure with -DCMAKE_CXX_COMPILER=clang++-16, "
                        "or use the preset 'fuzz'")
  endif()
  # Without the fuzzer's main, which tests/fuzz links.
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
# GCC's analysis takes std::regex for uninitialised where it is instrumented.
if((LUNGRT_SANITIZE OR LUNGRT_SANITIZE_THREAD) AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>)
endif()
