# Finds zlib, which Python's module and the tests need, and sets lungrt_has_io and lungrt_has_cli:
# whether lungrt::io and the native command are built. AUTO builds each of them if its dependencies
# are found.

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

find_package(ZLIB QUIET)
if(NOT ZLIB_FOUND AND (LUNGRT_BUILD_PYTHON OR LUNGRT_BUILD_TESTS OR LUNGRT_BUILD_FUZZERS))
  message(FATAL_ERROR "lungrt: zlib was not found (Debian: zlib1g-dev); the readers of CTs need it, "
                      "which Python's module and the tests contain")
endif()

set(lungrt_has_io OFF)
if(NOT LUNGRT_BUILD_IO STREQUAL OFF)
  # Distributions put GDCM's libraries and command-line programs into different packages, and each
  # program that is not installed would cause eight lines of warnings.
  set(lungrt_log_level "${CMAKE_MESSAGE_LOG_LEVEL}")
  set(CMAKE_MESSAGE_LOG_LEVEL ERROR)
  find_package(GDCM 3.0 QUIET)
  set(CMAKE_MESSAGE_LOG_LEVEL "${lungrt_log_level}")
  if(ZLIB_FOUND AND GDCM_FOUND)
    set(lungrt_has_io ON)
  else()
    set(reason "zlib or GDCM 3 was not found (Debian: zlib1g-dev, libgdcm-dev)")
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
