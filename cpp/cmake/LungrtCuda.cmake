# Sets lungrt_has_cuda: whether the CUDA core is built. AUTO builds it if a CUDA compiler is found.

set(lungrt_has_cuda OFF)
if(NOT LUNGRT_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "LUNGRT_CUDA is '${LUNGRT_CUDA}', expected AUTO, ON or OFF")
endif()
if(LUNGRT_SANITIZE AND LUNGRT_CUDA STREQUAL ON)
  message(FATAL_ERROR "LUNGRT_CUDA is ON, but the CUDA compiler does not support sanitizers; "
                      "configure without LUNGRT_SANITIZE")
endif()
if(LUNGRT_SANITIZE)
  message(STATUS "lungrt: the CUDA core is not built: its compiler does not support sanitizers")
elseif(NOT LUNGRT_CUDA STREQUAL OFF)
  # Search the toolkit's usual folders if nvcc is not on the PATH.
  if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
    find_program(LUNGRT_NVCC nvcc PATHS ENV CUDA_PATH ENV CUDA_HOME /usr/local/cuda
                 PATH_SUFFIXES bin)
    if(LUNGRT_NVCC)
      set(CMAKE_CUDA_COMPILER ${LUNGRT_NVCC})
    endif()
  endif()
  set(reason "no CUDA compiler (nvcc) was found; add it to the PATH, or set CUDACXX")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    # For CMake's compiler checks only; our targets set their own architectures.
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 80)
    endif()
    enable_language(CUDA)
    if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.8)
      set(reason "CUDA 12.8 or newer is required, but ${CMAKE_CUDA_COMPILER} is ")
      string(APPEND reason "${CMAKE_CUDA_COMPILER_VERSION}")
    elseif(NOT cuda_std_20 IN_LIST CMAKE_CUDA_COMPILE_FEATURES)
      set(reason "this CMake (${CMAKE_VERSION}) does not support C++20 with ")
      string(APPEND reason "${CMAKE_CUDA_COMPILER}; try a newer CMake")
    else()
      set(lungrt_has_cuda ON)
      # Such a core scans in host memory on older drivers. Cores that are passed on are built with
      # 12.8, which runs with all drivers from 525 (docs/releasing.md).
      if(CMAKE_CUDA_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
        message(STATUS "lungrt: the CUDA core is built with CUDA ${CMAKE_CUDA_COMPILER_VERSION} "
                       "and needs an NVIDIA driver 580 or newer")
      endif()
    endif()
  endif()
  if(NOT lungrt_has_cuda AND LUNGRT_CUDA STREQUAL ON)
    message(FATAL_ERROR "LUNGRT_CUDA is ON: ${reason}")
  elseif(NOT lungrt_has_cuda)
    message(STATUS "lungrt: ${reason}; the CUDA core is not built")
  endif()
endif()

# lungrt_cuda_settings(<target>): compiler settings of all our CUDA code.
function(lungrt_cuda_settings target)
  target_include_directories(
    ${target} PRIVATE ${PROJECT_SOURCE_DIR}/cpp/src ${PROJECT_SOURCE_DIR}/cpp/include
                      ${PROJECT_BINARY_DIR}/cpp/include)
  # For parity with the CPU's operators: no fused multiply-adds.
  target_compile_options(${target} PRIVATE -fmad=false -Xcompiler=-Wall,-Wextra)
  if(LUNGRT_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror=all-warnings -Xcompiler=-Werror)
  endif()
  set_target_properties(
    ${target}
    PROPERTIES CUDA_STANDARD 20
               CUDA_STANDARD_REQUIRED ON
               CUDA_RUNTIME_LIBRARY Static
               CUDA_VISIBILITY_PRESET hidden
               # Machine code for Turing, Ampere and Ada, Hopper, Blackwell, and PTX of the last,
               # which drivers compile for newer devices.
               CUDA_ARCHITECTURES "75-real;80-real;90-real;100")
endfunction()
