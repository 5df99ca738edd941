# The native engine's kernels, compiled once for each table. Which of them runs is chosen at run
# time, so nothing else may be compiled with these flags.

# lungrt_kernels(<target> <source> portable|avx2|avx512)
function(lungrt_kernels target source instruction_set)
  target_sources(${target} PRIVATE ${source})
  # Optimised in all build types: otherwise sums are spilled from registers and tests take minutes.
  set(options -O3)
  if(NOT instruction_set STREQUAL "portable")
    list(APPEND options -mavx2 -mfma)
  endif()
  if(instruction_set STREQUAL "avx512")
    list(APPEND options -mavx512f -mprefer-vector-width=512)
  endif()
  # False positives of GCC 12 for the deliberately undefined vectors in its own headers.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND options -Wno-maybe-uninitialized)
  endif()
  set_source_files_properties(
    ${source} PROPERTIES COMPILE_OPTIONS "${options}" SKIP_PRECOMPILE_HEADERS ON)
endfunction()

lungrt_kernels(lungrt_objects src/native/kernels/portable.cpp portable)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  lungrt_kernels(lungrt_objects src/native/kernels/avx2.cpp avx2)
  lungrt_kernels(lungrt_objects src/native/kernels/avx512.cpp avx512)
  lungrt_kernels(lungrt_objects src/native/kernels/avx512_intel.cpp avx512)
endif()
