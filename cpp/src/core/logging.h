/// How the library's own code writes messages (lungrt/log.h is how they are received).
#pragma once

#include <string>

#include "lungrt/log.h"

namespace lungrt {

/// Whether anybody hears messages of that level: the cheap question before one is put together.
bool log_wanted(LogLevel level) noexcept;

/// Hands a message to the callback. Never throws: what goes wrong in telling is not worth a run.
/// Messages hold nothing of a patient (see LogCallback).
void log_message(LogLevel level, const std::string& message) noexcept;

/// As above; the message is only put together where it is heard.
/// \param compose  returns the message
template <typename Compose>
void log_lazily(LogLevel level, const Compose& compose) noexcept {
  if (!log_wanted(level)) return;
  try {
    log_message(level, compose());
  } catch (...) {
    return;  // no memory for a message
  }
}

}  // namespace lungrt
