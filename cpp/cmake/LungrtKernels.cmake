# The native engine's kernels, compiled once for each instruction set. Which of them runs is chosen
# at run time, so nothing else may be compiled with these flags.

function(lungrt_kernels instruction_set)
  set(source src/native/kernels/${instruction_set}.cpp)
  target_sources(lungrt_objects PRIVATE ${source})
  # False positives of GCC 12 for the deliberately undefined vectors in its own headers.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND ARGN -Wno-maybe-uninitialized)
  endif()
  # Optimised in all build types: otherwise sums are spilled from registers and tests take minutes.
  set_source_files_properties(
    ${source} PROPERTIES COMPILE_OPTIONS "-O3;${ARGN}" SKIP_PRECOMPILE_HEADERS ON)
endfunction()

lungrt_kernels(portable)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  lungrt_kernels(avx2 -mavx2 -mfma)
  lungrt_kernels(avx512 -mavx512f -mavx2 -mfma -mprefer-vector-width=512)
endif()
