/// What torch throws, as the statuses of the engine table.
#pragma once

#include <c10/util/Exception.h>

#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "backend/engine_table.h"

namespace lungrt::torch_common {

inline LungrtStatus tell(LungrtStatus status, const std::string& message, LungrtText* text) {
  std::snprintf(text->data, text->capacity, "%s", message.c_str());
  return status;
}

/// Runs `body` and turns whatever it throws into a status: nothing may cross the table.
template <typename Body>
LungrtStatus guarded(LungrtStatus on_error, LungrtText* error, Body&& body) noexcept {
  try {
    body();
    return kLungrtOk;
  } catch (const c10::OutOfMemoryError& e) {
    return tell(kLungrtOutOfMemory, e.what_without_backtrace(), error);
  } catch (const c10::Error& e) {
    return tell(on_error, e.what_without_backtrace(), error);
  } catch (const std::bad_alloc&) {
    return tell(kLungrtOutOfMemory, "out of memory", error);
  } catch (const std::exception& e) {
    return tell(on_error, e.what(), error);
  } catch (...) {
    return tell(on_error, "unknown failure", error);
  }
}

}  // namespace lungrt::torch_common
