/// CT volume in the memory of a machine, with everything that is computed from it there.
#pragma once

#include <cstdint>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "ops/cuda/block_sums.h"
#include "ops/cuda/buffer.h"
#include "ops/cuda/labelling.h"
#include "ops/cuda/library_table.h"
#include "ops/cuda/masks.h"
#include "ops/cuda/tensors.h"

struct LungrtCudaScan {
  virtual ~LungrtCudaScan() = default;
};

namespace lungrt::ops::cuda {

/// Exception with the status that the core receives.
class Failure : public std::runtime_error {
 public:
  Failure(LungrtStatus status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  LungrtStatus status() const { return status_; }

 private:
  LungrtStatus status_;
};

struct MemoryState {
  std::size_t free, total;
};

/// Devices that the machine finds.
struct Devices {
  int count = 0;
  LungrtStatus why_none = kLungrtDeviceUnavailable;  ///< where there are none
  std::string reason;                                ///< why there are none
};

/// "1.25 GB"
inline std::string gigabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f GB", bytes / 1e9);
  return text;
}

/// Implements the functions of the CUDA core's table for one scan.
/// \tparam Machine  has what Labelling requires, a constructor from a device index, index(),
///                  stream(), upload(pointer, host, bytes), wait(), memory(), and a class Scope
///                  that is alive during each call; static: version(), devices()
template <typename Machine>
class PlacedVolume final : public LungrtCudaScan {
 public:
  explicit PlacedVolume(int device) : machine_(device) {}

  Machine& machine() { return machine_; }

  void load(const std::int16_t* hu, const Shape& shape, std::int64_t tensor_bytes) {
    mask_shape_ = {static_cast<std::int32_t>(shape.slices), static_cast<std::int32_t>(shape.rows),
                   static_cast<std::int32_t>(shape.columns),
                   static_cast<std::int32_t>((shape.columns + 63) / 64)};
    shape_ = shape;
    require(shape, tensor_bytes);
    hu_.reserve(voxels());
    mask_.reserve(mask_shape_.all_words());
    first_nan_.reserve(1);
    labelling_.reserve(mask_shape_);
    machine_.upload(hu_.data(), hu, static_cast<std::size_t>(voxels()) * sizeof *hu);
    machine_.clear(mask_.data(), mask_bytes());
    machine_.upload(first_nan_.data(), &kNone, sizeof kNone);
  }

  void stack_context(const LungrtCudaStack& stack, float* output) {
    const StackContext kernel{hu_.data(),
                              shape_,
                              stack.window,
                              {stack.normalization},
                              stack.first_slice,
                              stack.count,
                              stack.context,
                              stack.halo,
                              stack.height,
                              stack.width,
                              stack.channels_last != 0,
                              output};
    machine_.launch(kernel.rows(), kernel);
  }

  void threshold(const LungrtCudaProbabilities& p) {
    const Threshold kernel{p.values, p.row_stride, p.slice_stride, p.threshold,  p.first_slice,
                           p.count,  p.window,     mask_shape_,    mask_.data(), first_nan_.data()};
    machine_.launch(kernel.tiles(), kernel);
  }

  void gather_crops(const std::int64_t* origins, std::int64_t count, const Shape& crop,
                    const LungrtCudaNormalization& normalization, float* output) {
    std::int64_t* places = origins_.reserve(3 * count);
    machine_.upload(places, origins, static_cast<std::size_t>(3 * count) * sizeof *places);
    const GatherCrops kernel{hu_.data(), shape_, {normalization}, places, count, crop, output};
    machine_.launch(kernel.planes(), kernel);
  }

  void activate(float* values, std::int64_t rows, std::int64_t classes) {
    if (classes == 1) {
      launch_items(rows, Sigmoid{values, rows});
    } else {
      launch_items(rows, Softmax{values, rows, classes});
    }
  }
  void add(float* sum, const float* values, std::int64_t count) {
    launch_items(count, Add{sum, values, count});
  }
  void divide(float* values, float by, std::int64_t count) {
    launch_items(count, Divide{values, by, count});
  }

  std::int64_t first_nan() {
    std::int64_t voxel = kNone;
    machine_.download(&voxel, first_nan_.data(), sizeof voxel);
    return voxel == kNone ? -1 : voxel;
  }

  void read_mask(std::uint64_t* words) { machine_.download(words, mask_.data(), mask_bytes()); }

  const std::vector<ComponentSums>& components() {
    components_ = labelling_.components(mask_.data(), hu_.data(), mask_shape_);
    return components_;
  }

  void block_sums(const Shape& factors, std::int32_t* sums) {
    const std::int64_t boxes = BlockSums::boxes(shape_.slices, factors.slices) *
                               BlockSums::boxes(shape_.rows, factors.rows) *
                               BlockSums::boxes(shape_.columns, factors.columns);
    const BlockSums kernel{hu_.data(), shape_, factors, box_sums_.reserve(boxes)};
    machine_.launch(kernel.rows(), kernel);
    machine_.download(sums, kernel.sums, static_cast<std::size_t>(boxes) * sizeof *sums);
  }

 private:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

  std::int64_t voxels() const { return shape_.slices * shape_.rows * shape_.columns; }
  std::size_t mask_bytes() const {
    return static_cast<std::size_t>(mask_shape_.all_words()) * sizeof(std::uint64_t);
  }

  template <typename Kernel>
  void launch_items(std::int64_t items, const Kernel& kernel) {
    machine_.launch((items + 255) / 256, kernel);
  }

  /// Checks the free memory before anything is done, so that a run does not fail half-way.
  void require(const Shape& shape, std::int64_t tensor_bytes) {
    const std::int64_t own = hu_.growth(voxels()) + mask_.growth(mask_shape_.all_words()) +
                             labelling_.growth(mask_shape_);
    const MemoryState memory = machine_.memory();
    if (static_cast<std::uint64_t>(own + tensor_bytes) <= memory.free) return;
    throw Failure(
        kLungrtOutOfMemory,
        "a volume of " + std::to_string(shape.slices) + " x " + std::to_string(shape.rows) + " x " +
            std::to_string(shape.columns) + " voxels needs " + gigabytes(static_cast<double>(own)) +
            " more on cuda:" + std::to_string(machine_.index()) + " for itself and its masks and " +
            gigabytes(static_cast<double>(tensor_bytes)) +
            " for the networks' inputs and outputs, in addition to the networks' own memory; " +
            gigabytes(static_cast<double>(memory.free)) + " of " +
            gigabytes(static_cast<double>(memory.total)) +
            " are free. Run fewer scans at once, end other programs on the device, or use device "
            "cpu");
  }

  Machine machine_;
  Shape shape_{};
  MaskShape mask_shape_{};
  Buffer<Machine, std::int16_t> hu_{machine_};
  Buffer<Machine, std::uint64_t> mask_{machine_};
  Buffer<Machine, std::int64_t> first_nan_{machine_}, origins_{machine_};
  Buffer<Machine, std::int32_t> box_sums_{machine_};
  Labelling<Machine> labelling_{machine_};
  std::vector<ComponentSums> components_;
};

}  // namespace lungrt::ops::cuda
