/// C interface: version, errors, log and engines.

#include <cstdlib>
#include <string>

#include "c_api/boundary.h"
#include "lungrt/engines.h"
#include "lungrt/log.h"
#include "lungrt/version.h"

using namespace lungrt;

uint32_t lungrt_c_abi_version(void) { return LUNGRT_C_ABI_VERSION; }

lungrt_status lungrt_check_c_abi(uint32_t version) {
  return c_api::guarded(__func__, [&] {
    if (version == LUNGRT_C_ABI_VERSION) return;
    throw Error(ErrorCode::kUnsupportedVersion,
                "the program was compiled for version " + std::to_string(version) +
                    " of the C interface, but this library (lungrt " LUNGRT_VERSION
                    ") has version " +
                    std::to_string(LUNGRT_C_ABI_VERSION) +
                    "; compile it again with this library's header, or install the library that "
                    "it was compiled for");
  });
}

const char* lungrt_version(void) { return LUNGRT_VERSION; }

const char* lungrt_status_name(lungrt_status status) {
  switch (status) {
    case LUNGRT_OK:
      return "Ok";
    case LUNGRT_INVALID_ARGUMENT:
      return to_string(ErrorCode::kInvalidArgument);
    case LUNGRT_BAD_VOLUME:
      return to_string(ErrorCode::kBadVolume);
    case LUNGRT_BAD_BUNDLE:
      return to_string(ErrorCode::kBadBundle);
    case LUNGRT_CHECKPOINT_MISMATCH:
      return to_string(ErrorCode::kCheckpointMismatch);
    case LUNGRT_UNSUPPORTED_VERSION:
      return to_string(ErrorCode::kUnsupportedVersion);
    case LUNGRT_ENGINE_UNAVAILABLE:
      return to_string(ErrorCode::kEngineUnavailable);
    case LUNGRT_DEVICE_UNAVAILABLE:
      return to_string(ErrorCode::kDeviceUnavailable);
    case LUNGRT_OUT_OF_MEMORY:
      return to_string(ErrorCode::kOutOfMemory);
    case LUNGRT_RESOURCE_LIMIT:
      return to_string(ErrorCode::kResourceLimit);
    case LUNGRT_CANCELLED:
      return to_string(ErrorCode::kCancelled);
    case LUNGRT_INFERENCE:
      return to_string(ErrorCode::kInference);
    case LUNGRT_IO:
      return to_string(ErrorCode::kIo);
    case LUNGRT_INTERNAL:
      return "Internal";
    default:
      return "Unknown";
  }
}

const char* lungrt_last_error(void) { return c_api::last_error(); }

void lungrt_text_free(char* text) { std::free(text); }

lungrt_status lungrt_set_log(lungrt_log_callback callback, void* user, int32_t lowest) {
  return c_api::guarded(__func__, [&] {
    LogCallback forward;
    if (callback != nullptr) {
      forward = [callback, user](LogLevel level, const char* message) {
        callback(user, static_cast<std::int32_t>(level), message);
      };
    }
    set_log_callback(std::move(forward), static_cast<LogLevel>(lowest));
  });
}

lungrt_status lungrt_engines_json(char** text) {
  return c_api::guarded(__func__, [&] {
    *c_api::required(text, "text") = nullptr;
    *text = c_api::caller_text(to_json(engines()));
  });
}

lungrt_status lungrt_set_engine_runtime_folder(const char* engine, const char* folder) {
  return c_api::guarded(__func__, [&] {
    set_engine_runtime_folder(c_api::required(engine, "engine"), c_api::required(folder, "folder"));
  });
}
