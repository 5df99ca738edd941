/// Where exceptions end and statuses begin.
#pragma once

#include <string>
#include <utility>

#include "lungrt/c_api.h"
#include "lungrt/error.h"

namespace lungrt::c_api {

/// Keeps the exception that is being handled as this thread's last error.
/// \param function  whose caller is to be told
/// \return the status for it
lungrt_status keep_current_exception(const char* function) noexcept;

/// What lungrt_last_error() gives on this thread.
const char* last_error() noexcept;

/// Calls the body of a function of the interface; nothing it throws gets out.
template <typename Body>
lungrt_status guarded(const char* function, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return LUNGRT_OK;
  } catch (...) {
    return keep_current_exception(function);
  }
}

[[noreturn]] inline void refuse(const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, what);
}

/// \param name  of the argument, for the message
template <typename T>
T* required(T* pointer, const char* name) {
  if (pointer == nullptr) refuse(std::string(name) + " is a null pointer");
  return pointer;
}

/// Of a flag, which may be 0 or 1.
inline bool flag(std::int32_t value, const char* name) {
  if (value != 0 && value != 1) {
    refuse(std::string(name) + " is " + std::to_string(value) + ", expected 0 or 1");
  }
  return value == 1;
}

/// A copy for the caller, who frees it with lungrt_text_free().
/// \throws std::bad_alloc
char* caller_text(const std::string& text);

}  // namespace lungrt::c_api
