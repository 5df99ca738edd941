#include "backend/onnxruntime/cuda_graphs.h"

namespace lungrt::onnxruntime {
namespace {

std::shared_mutex& device_mutex() {
  // Never destroyed: sessions may close after main.
  static auto* mutex = new std::shared_mutex;
  return *mutex;
}

}  // namespace

DeviceUse::DeviceUse(bool with_graph) {
  if (with_graph) {
    alone_ = std::unique_lock(device_mutex());
  } else {
    beside_ = std::shared_lock(device_mutex());
  }
}

int CudaGraphs::number_for(const LungrtTensor& input, const LungrtTensor& output) {
  const auto place = [](const LungrtTensor& tensor) {
    return Place{tensor.data, {tensor.shape, tensor.shape + tensor.rank}};
  };
  std::pair<Place, Place> key{place(input), place(output)};
  const auto known = numbers_.find(key);
  if (known != numbers_.end()) return known->second;
  if (numbers_.size() == kMost) return kNone;
  const int number = static_cast<int>(numbers_.size()) + 1;
  numbers_.emplace(std::move(key), number);
  return number;
}

}  // namespace lungrt::onnxruntime
