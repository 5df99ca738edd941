/// Conversion of exceptions to statuses at the boundary of the C interface.
#pragma once

#include <string>
#include <utility>

#include "lungrt/c_api.h"
#include "lungrt/error.h"

namespace lungrt::c_api {

/// Stores the exception that is being handled as this thread's last error.
/// \param function  name of the C function that failed, for the message
/// \return the status that corresponds to the exception
lungrt_status keep_current_exception(const char* function) noexcept;

/// Text that lungrt_last_error() returns on this thread.
const char* last_error() noexcept;

/// Calls the body of a function of the interface and converts its exceptions to a status.
template <typename Body>
lungrt_status guarded(const char* function, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return LUNGRT_OK;
  } catch (...) {
    return keep_current_exception(function);
  }
}

/// \throws Error kInvalidArgument
[[noreturn]] inline void refuse(const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, what);
}

/// Checks that a pointer is not null.
/// \param name  name of the argument, for the message
template <typename T>
T* required(T* pointer, const char* name) {
  if (pointer == nullptr) refuse(std::string(name) + " is a null pointer");
  return pointer;
}

/// Value of a flag, which must be 0 or 1.
inline bool flag(std::int32_t value, const char* name) {
  if (value != 0 && value != 1) {
    refuse(std::string(name) + " is " + std::to_string(value) + ", expected 0 or 1");
  }
  return value == 1;
}

/// A copy of a text for the caller, who frees it with lungrt_text_free().
/// \throws std::bad_alloc
char* caller_text(const std::string& text);

}  // namespace lungrt::c_api
