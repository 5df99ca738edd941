/// What the functions of every loadable library's table return: no C++ type or exception crosses.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

enum LungrtStatus : std::int32_t {
  kLungrtOk = 0,
  kLungrtBadArtifact = 1,
  kLungrtDeviceUnavailable = 2,
  kLungrtOutOfMemory = 3,
  kLungrtInference = 4,
  kLungrtUnsupportedRuntime = 5,
  kLungrtRuntimeMissing = 6,
  kLungrtInvalidOption = 7,
};

/// Zero-terminated text written by the library into the caller's buffer, cut at its capacity.
struct LungrtText {
  char* data;
  std::size_t capacity;
};
}
