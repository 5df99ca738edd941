/// Return type of the functions in the tables of loadable libraries. No C++ type or exception
/// crosses their boundary.
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

/// Buffer of the caller; the library writes zero-terminated text into it, cut off at its capacity.
struct LungrtText {
  char* data;
  std::size_t capacity;
};
}
