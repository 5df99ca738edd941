/// Streams that outlive the scans that use them.
#pragma once

#include <map>
#include <mutex>
#include <vector>

namespace lungrt::ops::cuda {

/// Idle streams of each device, lent to one scan at a time and never destroyed.
///
/// torch keeps the memory of activations in caches, one for each stream that it has ever seen. With
/// new streams for each pipeline, what was cached for the old ones would never be used again.
template <typename Stream>
class StreamPool {
 public:
  /// \param make  makes a stream of this device where none is idle; may throw
  template <typename Make>
  Stream take(int device, const Make& make) {
    {
      const std::lock_guard lock(mutex_);
      std::vector<Stream>& idle = idle_[device];
      if (!idle.empty()) {
        Stream stream = idle.back();
        idle.pop_back();
        return stream;
      }
    }
    return make();
  }

  void give_back(int device, Stream stream) {
    const std::lock_guard lock(mutex_);
    idle_[device].push_back(stream);
  }

 private:
  std::mutex mutex_;
  std::map<int, std::vector<Stream>> idle_;
};

}  // namespace lungrt::ops::cuda
