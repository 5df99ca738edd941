/// Wrapper of every run.
#pragma once

#include <new>
#include <utility>

#include "core/text.h"
#include "lungrt/error.h"
#include "lungrt/volume.h"
#include "stages/run_log.h"

namespace lungrt {

/// Calls `body`, logs its start and errors, and turns std::bad_alloc into Error kOutOfMemory.
/// \param what  for the log: "run", or the name of a stage
template <typename Body>
auto within_memory(const char* what, const CtVolume& volume, Body&& body) {
  log_run_begin(what, volume.shape());
  try {
    return body();
  } catch (const Error& error) {
    log_run_given_up(what, error.code());
    throw;
  } catch (const std::bad_alloc&) {
    log_run_given_up(what, ErrorCode::kOutOfMemory);
    throw Error(ErrorCode::kOutOfMemory, "out of memory for a volume of " +
                                             text::extent(volume.shape()) +
                                             " voxels (slices x rows x columns)");
  }
}

}  // namespace lungrt
