/// Interface of a network that an engine has opened.
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
#include "ops/network_input.h"

namespace lungrt {

/// Shape of a tensor: batch, channels, then the spatial axes, whatever its layout in memory.
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

/// View of float32 values that somebody else owns, densely packed in their layout.
struct TensorView {
  float* data = nullptr;
  TensorShape shape;
  Layout layout = Layout::kNchw;
  Device device;
  void* stream = nullptr;  ///< CUDA stream on which the caller orders its work on device memory
};

/// How a session expects to be run.
struct SessionTraits {
  Layout layout = Layout::kNchw;  ///< of the input; the output is always NCHW
  std::int64_t batch = 1;         ///< most items per run
  /// Runs at once ("run streams"), each with its own workspace, that use the threads best.
  int run_streams = 1;
  bool fixed_batch = false;     ///< run() accepts full batches only, not fewer items
  bool fixed_size = false;      ///< run() accepts only the sizes that it was compiled for
  bool device_tensors = false;  ///< run() also accepts tensors in the memory of its device
  /// How run() treats such tensors. True: it works on the caller's CUDA stream and does not wait.
  /// False: it works on its own streams; the caller's work must be done before, and run() returns
  /// when its own is done.
  bool stream_ordered = false;
};

/// Memory that a run needs besides the weights; used by one caller at a time, and reused.
class Workspace {
 public:
  virtual ~Workspace() = default;
};

/// Network that is ready to run: immutable, shared by all threads.
class Session {
 public:
  virtual ~Session() = default;
  virtual const SessionTraits& traits() const = 0;
  virtual std::unique_ptr<Workspace> new_workspace() const = 0;
  /// Estimate, for memory limits, of the bytes of a workspace after inputs of this shape were run;
  /// 0 where the engine's runtime manages the memory.
  virtual std::int64_t workspace_bytes(const TensorShape& /*input*/) const { return 0; }
  /// Reads `input` (in the layout of the traits) and writes all of `output`.
  /// \throws Error kInference, kOutOfMemory
  virtual void run(Workspace& workspace, const TensorView& input,
                   const TensorView& output) const = 0;
};

/// Options of one engine, by name; each engine defines its own.
using EngineOptions = std::map<std::string, std::string>;

/// Request to open a session.
struct SessionRequest {
  std::filesystem::path artifact;
  std::string input_name, output_name;
  int input_rank = 4;  ///< 4: slices with context, 5: crops
  Device device;
  int threads = 1;                         ///< in total, shared by all run streams
  Precision precision = Precision::kFp32;  ///< one that the engine supports on the device
  EngineOptions options;
};

}  // namespace lungrt
