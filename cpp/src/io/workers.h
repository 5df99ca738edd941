/// Parallel work on many files.
#pragma once

#include <cstddef>
#include <functional>

namespace lungrt::io {

/// Threads that read files, and how to stop them.
struct Workers {
  int threads = 1;                  ///< number of threads
  std::function<bool()> cancelled;  ///< may be empty; called by one thread at a time

  /// Calls `work` once for each of 0 .. count - 1; they start in ascending order. After a failure
  /// no other call is started. The exception of the lowest index is thrown, so that the result does
  /// not depend on timing.
  /// \throws Error kCancelled
  void for_each(std::size_t count, const std::function<void(std::size_t)>& work) const;
};

/// Number of threads to read files with.
/// \param wanted  number of threads; 0: one per processor that this process may use, 8 at most
/// \throws Error kInvalidArgument  for a negative number
int reading_threads(int wanted);

}  // namespace lungrt::io
