# Whether the CUDA core is built: sets lungrt_has_cuda. AUTO builds it where a compiler for it is found.

set(lungrt_has_cuda OFF)
if(NOT LUNGRT_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "LUNGRT_CUDA is '${LUNGRT_CUDA}', expected AUTO, ON or OFF")
endif()
if(LUNGRT_SANITIZE AND LUNGRT_CUDA STREQUAL ON)
  message(FATAL_ERROR "LUNGRT_CUDA is ON: the CUDA compiler knows no sanitizers, leave LUNGRT_SANITIZE out")
endif()
if(LUNGRT_SANITIZE)
  message(STATUS "lungrt: the CUDA compiler knows no sanitizers, the CUDA core is not built")
elseif(NOT LUNGRT_CUDA STREQUAL OFF)
  # The toolkit's own folder, where it is not on the PATH.
  if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
    find_program(LUNGRT_NVCC nvcc PATHS ENV CUDA_PATH ENV CUDA_HOME /usr/local/cuda PATH_SUFFIXES bin)
    if(LUNGRT_NVCC)
      set(CMAKE_CUDA_COMPILER ${LUNGRT_NVCC})
    endif()
  endif()
  set(reason "no CUDA compiler (nvcc) was found; put it on the PATH or name it in CUDACXX")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    # Of what is compiled to find out about the compiler; ours are set where they are built.
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 80)
    endif()
    enable_language(CUDA)
    if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.8)
      set(reason "CUDA 12.8 or newer is needed, ${CMAKE_CUDA_COMPILER} is ${CMAKE_CUDA_COMPILER_VERSION}")
    elseif(NOT cuda_std_20 IN_LIST CMAKE_CUDA_COMPILE_FEATURES)
      set(reason "this CMake (${CMAKE_VERSION}) does not know how ${CMAKE_CUDA_COMPILER} compiles C++20; a newer one may")
    else()
      set(lungrt_has_cuda ON)
    endif()
  endif()
  if(NOT lungrt_has_cuda AND LUNGRT_CUDA STREQUAL ON)
    message(FATAL_ERROR "LUNGRT_CUDA is ON: ${reason}")
  elseif(NOT lungrt_has_cuda)
    message(STATUS "lungrt: ${reason}; the CUDA core is not built")
  endif()
endif()

# lungrt_cuda_settings(<target>): how everything of ours that runs on a device is compiled.
function(lungrt_cuda_settings target)
  target_include_directories(
    ${target} PRIVATE ${PROJECT_SOURCE_DIR}/cpp/src ${PROJECT_SOURCE_DIR}/cpp/include
                      ${PROJECT_BINARY_DIR}/cpp/include)
  # Parity with the CPU's operators: nothing is contracted.
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
               # Machine code for these, and intermediate code that drivers compile for newer devices.
               CUDA_ARCHITECTURES "80-real;90-real;100")
endfunction()
