#include "lungrt/error.h"

namespace lungrt {

const char* to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "InvalidArgument";
    case ErrorCode::kBadVolume:
      return "BadVolume";
    case ErrorCode::kBadBundle:
      return "BadBundle";
    case ErrorCode::kCheckpointMismatch:
      return "CheckpointMismatch";
    case ErrorCode::kUnsupportedVersion:
      return "UnsupportedVersion";
    case ErrorCode::kEngineUnavailable:
      return "EngineUnavailable";
    case ErrorCode::kDeviceUnavailable:
      return "DeviceUnavailable";
    case ErrorCode::kOutOfMemory:
      return "OutOfMemory";
    case ErrorCode::kResourceLimit:
      return "ResourceLimit";
    case ErrorCode::kCancelled:
      return "Cancelled";
    case ErrorCode::kInference:
      return "Inference";
    case ErrorCode::kIo:
      return "Io";
  }
  return "Error";  // a value outside the enumeration
}

}  // namespace lungrt
