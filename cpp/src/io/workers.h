/// Work on many files at once.
#pragma once

#include <cstddef>
#include <functional>

namespace lungrt::io {

/// How many threads read files, and what may stop them.
struct Workers {
  int threads = 1;
  std::function<bool()> cancelled;  ///< may be empty; asked by one thread at a time

  /// Calls `work` once for each of 0 .. count - 1, in ascending order of their start. Once one has
  /// failed no other is begun, and the failure of the lowest is thrown: the same each time.
  /// \throws Error kCancelled
  void for_each(std::size_t count, const std::function<void(std::size_t)>& work) const;
};

/// \param wanted  0: every processor of this process, 8 at most
/// \throws Error kInvalidArgument  for a negative number
int reading_threads(int wanted);

}  // namespace lungrt::io
