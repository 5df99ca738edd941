/// Where the tensors of a run lie, and what is done to them between the networks.
#pragma once

#include <cstdint>
#include <memory>

#include "backend/session.h"

namespace lungrt {

/// Allocates memory for tensors; outlives the runs that use it.
class TensorAllocator {
 public:
  virtual ~TensorAllocator() = default;
  /// float32 values, all zero.
  /// \throws Error kOutOfMemory, std::bad_alloc
  virtual std::shared_ptr<float> allocate(std::int64_t count) const = 0;
};

/// Where one run keeps its tensors; on the host, all of its streams share it.
class TensorPlace {
 public:
  virtual ~TensorPlace() = default;
  virtual const std::shared_ptr<const TensorAllocator>& allocator() const = 0;
  virtual Device device() const = 0;
  /// That everything below is ordered on; null on the host, where it is done when it returns.
  virtual void* stream() const = 0;

  /// Logits to probabilities in place: one plane is a sigmoid, several classes a softmax over them.
  virtual void activate(float* values, const TensorShape& shape) = 0;
  /// sum += values
  virtual void add(float* sum, const float* values, std::int64_t count) = 0;
  /// values /= by
  virtual void divide(float* values, std::int64_t count, float by) = 0;
  /// The values where the host can read them, until the next call.
  virtual const float* on_host(const float* values, std::int64_t count) = 0;
  /// Until everything above is done.
  virtual void wait() = 0;
};

/// Host memory.
TensorPlace& host_tensors();

}  // namespace lungrt
