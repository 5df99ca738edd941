/// The one interface to a network, whatever runs it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>

#include "lungrt/device.h"
#include "lungrt/precision.h"
#include "ops/layout.h"

namespace lungrt {

/// Shape of a tensor, batch first, channels second, whatever its layout in memory.
class TensorShape {
 public:
  static constexpr int kMaxRank = 5;
  TensorShape() = default;
  TensorShape(std::initializer_list<std::int64_t> sizes) {
    for (const std::int64_t size : sizes) append(size);
  }
  void append(std::int64_t size) { sizes_[static_cast<std::size_t>(rank_++)] = size; }
  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const { return sizes_[static_cast<std::size_t>(axis)]; }
  const std::int64_t* sizes() const { return sizes_.data(); }
  std::int64_t elements() const {
    std::int64_t product = 1;
    for (int axis = 0; axis < rank_; ++axis) product *= (*this)[axis];
    return product;
  }

 private:
  std::array<std::int64_t, kMaxRank> sizes_{};
  int rank_ = 0;
};

/// Float32 memory owned by somebody else, densely packed in its layout.
struct TensorView {
  float* data = nullptr;
  TensorShape shape;
  Layout layout = Layout::kNchw;
  Device device;
  void* stream = nullptr;  ///< that the caller orders its work on device memory on
};

/// How a session wants to be fed.
struct SessionTraits {
  Layout layout = Layout::kNchw;  ///< of the input; the output is always planes
  std::int64_t batch = 1;         ///< items a run, fixed: a shorter last batch is padded
  /// Runs at once ("run streams"), each with its own workspace, that use the threads best.
  int run_streams = 1;
  bool fixed_batch = false;     ///< run() takes a whole batch only, not fewer items
  bool fixed_size = false;      ///< run() takes the sizes that it was made for only
  bool device_tensors = false;  ///< run() takes tensors in the memory of its device, too
  /// With these it works on the caller's stream, without waiting; else on its own streams: the
  /// caller's is to be done before, and when run() returns the work is, too.
  bool stream_ordered = false;
};

/// What a run needs besides the weights; belongs to one caller at a time and is reused.
class Workspace {
 public:
  virtual ~Workspace() = default;
};

/// A network ready to run: immutable, shared by all threads.
class Session {
 public:
  virtual ~Session() = default;
  virtual const SessionTraits& traits() const = 0;
  virtual std::unique_ptr<Workspace> new_workspace() const = 0;
  /// Bytes that a workspace has once inputs of this shape were run, where the engine tells: an
  /// estimate for limits; 0 where the memory is the business of the engine's own runtime.
  virtual std::int64_t workspace_bytes(const TensorShape& /*input*/) const { return 0; }
  /// Reads `input` (in the layout of the traits), writes all of `output`.
  /// \throws Error kInference, kOutOfMemory
  virtual void run(Workspace& workspace, const TensorView& input,
                   const TensorView& output) const = 0;
};

/// Settings of one engine, by name; which there are is the engine's to say.
using EngineOptions = std::map<std::string, std::string>;

/// What a session is opened from.
struct SessionRequest {
  std::filesystem::path artifact;
  std::string input_name, output_name;
  int input_rank = 4;  ///< 4: slices with context, 5: crops
  Device device;
  int threads = 1;                         ///< in total, shared by all run streams
  Precision precision = Precision::kFp32;  ///< one that the engine does on the device
  EngineOptions options;
};

}  // namespace lungrt
