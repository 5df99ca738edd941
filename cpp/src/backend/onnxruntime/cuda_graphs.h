/// CUDA graphs of the runtime: who may capture one, and how many are kept.
///
/// While a graph is captured, the runtime forbids every thread of the process to allocate device
/// memory, and the thread that does so breaks the capture. So captures, and replays with them, have
/// the device to themselves among the sessions of this library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <tuple>
#include <utility>
#include <vector>

#include "backend/engine_table.h"

namespace lungrt::onnxruntime {

/// Use of CUDA by a session while the object lives. Uses without graphs run side by side; one with
/// a graph waits for all others in the process, and they for it.
class DeviceUse {
 public:
  explicit DeviceUse(bool with_graph);

 private:
  std::shared_lock<std::shared_mutex> beside_;
  std::unique_lock<std::shared_mutex> alone_;
};

/// Numbers of the CUDA graphs of one session. A graph contains the addresses and shapes that it was
/// captured with, so each pair of an input and an output has a graph of its own. The runtime never
/// frees a graph before its session, so only the first kMost are captured. Not thread-safe: called
/// while a DeviceUse with a graph lives.
class CudaGraphs {
 public:
  static constexpr std::size_t kMost = 16;
  /// The runtime's number of a run that neither captures nor replays.
  static constexpr int kNone = -1;

  /// The graph for these tensors, from 1 on; kNone where the session has kMost others.
  int number_for(const LungrtTensor& input, const LungrtTensor& output);

 private:
  struct Place {
    const float* data;
    std::vector<std::int64_t> shape;
    bool operator<(const Place& other) const {
      return std::tie(data, shape) < std::tie(other.data, other.shape);
    }
  };

  std::map<std::pair<Place, Place>, int> numbers_;
};

}  // namespace lungrt::onnxruntime
