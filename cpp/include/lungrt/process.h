/// Settings of the whole process; the command line makes them, an embedding application may.
#pragma once

#include "lungrt/export.h"

namespace lungrt {

/// Keeps freed memory in the process instead of handing it back at every step (glibc's mallopt):
/// engines allocate the same large buffers again and again, and page faults cost up to half of a
/// run.
/// \return whether the C library took the settings
LUNGRT_API bool tune_process_allocator() noexcept;

}  // namespace lungrt
