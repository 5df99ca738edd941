/// Writing log messages, for the library's own code (lungrt/log.h is for those who receive them).
#pragma once

#include <string>

#include "lungrt/log.h"

namespace lungrt {

/// Whether messages of this level are received. Cheap, to ask before a message is composed.
bool log_wanted(LogLevel level) noexcept;

/// Passes a message to the callback. Never throws: a failure to log must not end a run. Messages
/// contain no patient data (see LogCallback).
void log_message(LogLevel level, const std::string& message) noexcept;

/// Passes a message to the callback; it is composed only if messages of this level are received.
/// \param compose  returns the message
template <typename Compose>
void log_lazily(LogLevel level, const Compose& compose) noexcept {
  if (!log_wanted(level)) return;
  try {
    log_message(level, compose());
  } catch (...) {
    return;  // not enough memory for the message
  }
}

}  // namespace lungrt
