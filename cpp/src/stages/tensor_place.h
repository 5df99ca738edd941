/// Memory in which the tensors of a run lie, and the operations on them outside of the networks.
#pragma once

#include <cstdint>
#include <memory>

#include "backend/session.h"

namespace lungrt {

/// Allocates memory for tensors; outlives the runs that use it.
class TensorAllocator {
 public:
  virtual ~TensorAllocator() = default;
  /// Allocates float32 values, all zero.
  /// \throws Error kOutOfMemory, std::bad_alloc
  virtual std::shared_ptr<float> allocate(std::int64_t count) const = 0;
};

/// Where one run keeps its tensors; on the host, all of its streams share it.
class TensorPlace {
 public:
  virtual ~TensorPlace() = default;
  virtual const std::shared_ptr<const TensorAllocator>& allocator() const = 0;
  virtual Device device() const = 0;
  /// CUDA stream that orders the operations below; null on the host, where each is done when it
  /// returns.
  virtual void* stream() const = 0;

  /// Turns logits into probabilities in place: with a sigmoid for one class, else with a softmax
  /// over the classes (axis 1).
  virtual void activate(float* values, const TensorShape& shape) = 0;
  /// sum += values
  virtual void add(float* sum, const float* values, std::int64_t count) = 0;
  /// values /= by
  virtual void divide(float* values, std::int64_t count, float by) = 0;
  /// The values in host memory, valid until the next call.
  virtual const float* on_host(const float* values, std::int64_t count) = 0;
  /// Waits until all operations are done.
  virtual void wait() = 0;
};

/// Tensors in host memory.
TensorPlace& host_tensors();

}  // namespace lungrt
