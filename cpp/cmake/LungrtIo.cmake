# Sets lungrt_has_io and lungrt_has_cli: whether lungrt::io and the native command are built. AUTO
# builds each of them if its dependencies are found.

foreach(part IO CLI)
  if(NOT LUNGRT_BUILD_${part} MATCHES "^(AUTO|ON|OFF)$")
    message(FATAL_ERROR "LUNGRT_BUILD_${part} is '${LUNGRT_BUILD_${part}}', "
                        "expected AUTO, ON or OFF")
  endif()
endforeach()

# lungrt_part_missing(<part> <reason> <consequence>): an error if the part was requested with ON,
# otherwise a status message.
function(lungrt_part_missing part reason)
  if(LUNGRT_BUILD_${part} STREQUAL ON)
    message(FATAL_ERROR "lungrt: LUNGRT_BUILD_${part} is ON: ${reason}")
  endif()
  message(STATUS "lungrt: ${reason}; ${ARGN}")
endfunction()

set(lungrt_has_io OFF)
if(NOT LUNGRT_BUILD_IO STREQUAL OFF)
  enable_language(C)  # ITK looks for HDF5 with it
  # Distributions put GDCM's libraries and command-line programs into different packages, and each
  # program that is not installed would cause eight lines of warnings.
  set(lungrt_log_level "${CMAKE_MESSAGE_LOG_LEVEL}")
  set(CMAKE_MESSAGE_LOG_LEVEL ERROR)
  find_package(ITK 5.1 QUIET COMPONENTS ITKIOMeta ITKIONIFTI ITKIONRRD ITKZLIB)
  find_package(GDCM 3.0 QUIET)
  set(CMAKE_MESSAGE_LOG_LEVEL "${lungrt_log_level}")
  if(ITK_FOUND AND GDCM_FOUND)
    set(lungrt_has_io ON)
  else()
    set(reason "ITK 5 or GDCM 3 was not found (Debian: libinsighttoolkit5-dev, libgdcm-dev)")
    lungrt_part_missing(IO "${reason}" "lungrt::io, which reads CT files, is not built")
  endif()
endif()

set(lungrt_has_cli OFF)
if(NOT LUNGRT_BUILD_CLI STREQUAL OFF)
  find_package(CLI11 2.1 QUIET)
  if(lungrt_has_io AND CLI11_FOUND)
    set(lungrt_has_cli ON)
  else()
    lungrt_part_missing(CLI "lungrt-native needs lungrt::io and CLI11 2.1 (Debian: libcli11-dev)"
                        "the native command is not built")
  endif()
endif()
