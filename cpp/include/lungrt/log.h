/// What the library tells about its work, to whoever wants to hear it; silent by default.
#pragma once

#include <functional>

#include "lungrt/export.h"

namespace lungrt {

/// How much a message matters. What fails is thrown, not logged.
enum class LogLevel {
  kDebug,    ///< figures of single steps
  kInfo,     ///< what was chosen and why, begin and end of stages
  kWarning,  ///< something went on in another way than it should: memory that halved a batch, ...
};

/// "debug", "info" or "warning".
LUNGRT_API const char* to_string(LogLevel level) noexcept;

/// Takes one message: a line of English without a line break, valid during the call. Messages tell
/// counts, sizes, shares and times; they never hold identifiers, file names of a CT, positions,
/// probabilities or voxels.
///
/// It is called on the thread that has something to tell, which may be one of the library's own,
/// and by several at once. What it throws is lost, and the work goes on. What it itself makes the
/// library tell is dropped, so that it cannot call itself.
using LogCallback = std::function<void(LogLevel level, const char* message)>;

/// Where messages of the whole process go from now on.
/// Once this returns, the callback that was set before is not running any more and is never called
/// again. From several threads: one after the other.
/// \param callback  empty for silence
/// \param lowest    messages below that level are not made
/// \throws Error kInvalidArgument from within a log callback, which would wait for itself
LUNGRT_API void set_log_callback(LogCallback callback, LogLevel lowest = LogLevel::kInfo);

}  // namespace lungrt
