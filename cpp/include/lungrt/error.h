/// The exception type of the library.
#pragma once

#include <stdexcept>
#include <string>

#include "lungrt/export.h"

namespace lungrt {

/// Kind of an error. Python has one exception class for each (`lungrt.errors`).
enum class ErrorCode {
  kInvalidArgument,     ///< an argument or option is invalid
  kBadVolume,           ///< a CT volume or DICOM series cannot be diagnosed as it is
  kBadBundle,           ///< a bundle is damaged, incomplete or inconsistent
  kCheckpointMismatch,  ///< a checkpoint does not fit its architecture
  kUnsupportedVersion,  ///< unsupported version of a bundle, engine library or runtime
  kEngineUnavailable,   ///< an inference engine is not installed or cannot be loaded
  kDeviceUnavailable,   ///< the requested device is not available
  kOutOfMemory,         ///< host or device memory ran out
  kResourceLimit,       ///< a limit of the run options was reached
  kCancelled,           ///< the caller cancelled the run
  kInference,           ///< an engine failed while running a network
  kIo,                  ///< a file cannot be read or written
};

/// Name of a code, e.g. "BadVolume": the name of the Python exception class.
LUNGRT_API const char* to_string(ErrorCode code) noexcept;

/// Exception thrown by every function of the library that can fail. The message says what was
/// wrong, where, what was expected and what to do about it.
class LUNGRT_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace lungrt
