/// Log messages of the library. It is silent unless a callback is set.
#pragma once

#include <functional>

#include "lungrt/error.h"
#include "lungrt/export.h"

namespace lungrt {

/// Severity of a message. Errors are thrown, not logged.
enum class LogLevel {
  kDebug,    ///< figures of single steps
  kInfo,     ///< what was chosen and why; begin and end of stages
  kWarning,  ///< the run continues, but not as it should: memory that halved a batch, ...
};

/// Name of a level: "debug", "info" or "warning".
LUNGRT_API const char* to_string(LogLevel level) noexcept;

/// Receives one message: a line of English without a line break, valid during the call. Messages
/// report counts, sizes, fractions and times; they never contain identifiers, file names of a CT,
/// positions, probabilities or voxels.
///
/// The callback is called on the thread that logs the message, which may belong to the library, and
/// possibly on several threads at once. Exceptions that it throws are ignored. Messages that the
/// library produces while the callback itself calls it are dropped, so that it is not re-entered.
using LogCallback = std::function<void(LogLevel level, const char* message)>;

/// Sets the log callback of the whole process.
/// Once this returns, the callback that was set before is no longer running and is never called
/// again. Concurrent calls are serialised.
/// \param callback  empty to silence the library
/// \param lowest    messages below this level are not produced
/// \throws Error kInvalidArgument for an unknown level, or when called from within a log callback,
///         which would wait for itself
LUNGRT_API void set_log_callback(LogCallback callback, LogLevel lowest = LogLevel::kInfo);

}  // namespace lungrt
