/// The one exception type of the library.
#pragma once

#include <stdexcept>
#include <string>

#include "lungrt/export.h"

namespace lungrt {

/// What kind of thing went wrong; Python has one exception class for each (`lungrt.errors`).
enum class ErrorCode {
  kInvalidArgument,     ///< a caller's argument or option
  kBadVolume,           ///< a CT volume or DICOM series that cannot be diagnosed as it is
  kBadBundle,           ///< a bundle that is damaged, incomplete or contradicts itself
  kCheckpointMismatch,  ///< a checkpoint that does not fit its architecture
  kUnsupportedVersion,  ///< a bundle, engine library or runtime of a version this build does not
                        ///< know
  kEngineUnavailable,   ///< an inference engine that is not installed or cannot be loaded
  kDeviceUnavailable,   ///< a device that was asked for and is not there
  kOutOfMemory,         ///< host or device memory ran out
  kResourceLimit,       ///< a limit of the run options was reached
  kCancelled,           ///< the caller cancelled the run
  kInference,           ///< an engine failed while it ran a network
  kIo,                  ///< a file that cannot be read or written
};

/// Name of a code as it is spelled in Python and in messages, e.g. "BadVolume".
LUNGRT_API const char* to_string(ErrorCode code) noexcept;

/// Thrown by every function of the library that can fail. The message says what was wrong, where,
/// what was expected and what to do about it.
class LUNGRT_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace lungrt
