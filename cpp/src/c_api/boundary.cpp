#include "c_api/boundary.h"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>

namespace lungrt::c_api {
namespace {

/// Last error of one thread; `shown` is never null.
struct LastError {
  std::string text;
  const char* shown = "";

  void keep(const char* function, const char* message) noexcept {
    try {
      text = std::string(function) + ": " + message;
      shown = text.c_str();
    } catch (...) {
      shown = "out of memory, even for the text of this error";
    }
  }
};

LastError& own_last_error() noexcept {
  thread_local LastError error;
  return error;
}

lungrt_status status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return LUNGRT_INVALID_ARGUMENT;
    case ErrorCode::kBadVolume:
      return LUNGRT_BAD_VOLUME;
    case ErrorCode::kBadBundle:
      return LUNGRT_BAD_BUNDLE;
    case ErrorCode::kCheckpointMismatch:
      return LUNGRT_CHECKPOINT_MISMATCH;
    case ErrorCode::kUnsupportedVersion:
      return LUNGRT_UNSUPPORTED_VERSION;
    case ErrorCode::kEngineUnavailable:
      return LUNGRT_ENGINE_UNAVAILABLE;
    case ErrorCode::kDeviceUnavailable:
      return LUNGRT_DEVICE_UNAVAILABLE;
    case ErrorCode::kOutOfMemory:
      return LUNGRT_OUT_OF_MEMORY;
    case ErrorCode::kResourceLimit:
      return LUNGRT_RESOURCE_LIMIT;
    case ErrorCode::kCancelled:
      return LUNGRT_CANCELLED;
    case ErrorCode::kInference:
      return LUNGRT_INFERENCE;
    case ErrorCode::kIo:
      return LUNGRT_IO;
  }
  return LUNGRT_INTERNAL;
}

}  // namespace

lungrt_status keep_current_exception(const char* function) noexcept {
  LastError& error = own_last_error();
  try {
    throw;
  } catch (const Error& thrown) {
    error.keep(function, thrown.what());
    return status_of(thrown.code());
  } catch (const std::bad_alloc&) {
    error.keep(function, "out of memory");
    return LUNGRT_OUT_OF_MEMORY;
  } catch (const std::exception& thrown) {
    error.keep(function, thrown.what());
  } catch (...) {
    error.keep(function, "an exception of unknown type");
  }
  return LUNGRT_INTERNAL;
}

const char* last_error() noexcept { return own_last_error().shown; }

char* caller_text(const std::string& text) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

}  // namespace lungrt::c_api
