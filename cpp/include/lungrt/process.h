/// Settings of the whole process. The command line applies them; an application may.
#pragma once

#include "lungrt/export.h"

namespace lungrt {

/// Keeps freed memory in the process instead of returning it to the system after every step
/// (glibc's mallopt). Engines allocate the same large buffers again and again, and page faults cost
/// up to half of a run's time.
/// \return whether the C library accepted the settings
LUNGRT_API bool tune_process_allocator() noexcept;

}  // namespace lungrt
