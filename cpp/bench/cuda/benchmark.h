/// Benchmark of the CUDA core's kernels, for a machine: a device, or in tests the host.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>
#include <vector>

#include "inputs.h"
#include "ops/cuda/library.h"
#include "stopwatch.h"

namespace lungrt::ops::cuda {

/// Exit codes of the program.
inline constexpr int kBenchDone = 0, kBenchFailed = 1, kBenchUsage = 2, kBenchNoDevice = 3;

template <typename Machine>
class KernelBenchmark {
 public:
  KernelBenchmark(Machine& machine, const Shape& shape, std::FILE* csv, std::FILE* table)
      : machine_(machine),
        shape_(shape),
        hu_values_(chest(shape)),
        proposed_(proposals(mask_)),
        watch_(machine, csv, table) {
    upload(hu_, hu_values_);
    upload(proposals_, proposed_);
    tensor_.reserve(std::max(kBatch * kChannels * pixels_, voxels_));
  }

  void run() {
    transfer();
    inputs();
    sums();
    masks();
    labelling();
  }

 private:
  // Eight slices with three neighbours on each side, like the input of the book's network.
  static constexpr std::int64_t kBatch = 8, kContext = 3, kChannels = 2 * kContext + 1;

  template <typename T>
  void upload(Buffer<Machine, T>& buffer, const std::vector<T>& values) {
    machine_.upload(buffer.reserve(static_cast<std::int64_t>(values.size())), values.data(),
                    values.size() * sizeof(T));
  }

  void transfer() {
    const std::int64_t bytes = 2 * voxels_;
    watch_.host("volume to the device", static_cast<double>(bytes),
                watch_.floor_of_upload(hu_.data(), bytes), [&] {
                  machine_.upload(hu_.data(), hu_values_.data(), static_cast<std::size_t>(bytes));
                  machine_.wait();
                });
    upload(hu_, hu_values_);
  }

  void inputs() {
    const Normalization normalization{{-1000.0F, 1000.0F, 1.0F, 0.0F}};
    const Window whole{0, 0, shape_.rows, shape_.columns};
    for (const bool channels_last : {false, true}) {
      const StackContext stack{hu_.data(),  shape_,         whole,         normalization,
                               kContext,    kBatch,         kContext,      0,
                               shape_.rows, shape_.columns, channels_last, tensor_.data()};
      watch_.kernel(
          channels_last ? "context, NHWC" : "context, NCHW",
          static_cast<double>(kBatch * kChannels * pixels_ * 4 + (kBatch + 6) * pixels_ * 2),
          stack.rows(), stack);
    }

    constexpr std::int64_t kCrops = 64;
    constexpr Shape kCrop{32, 48, 48};
    std::mt19937 random(2);
    std::vector<std::int64_t> places;
    for (std::int64_t crop = 0; crop < kCrops; ++crop) {
      for (const std::int64_t room : {shape_.slices - kCrop.slices, shape_.rows - kCrop.rows,
                                      shape_.columns - kCrop.columns}) {
        places.push_back(static_cast<std::int64_t>(random()) % room);
      }
    }
    Buffer<Machine, std::int64_t> origins(machine_);
    upload(origins, places);
    Buffer<Machine, float> crops(machine_);
    constexpr std::int64_t kVoxels = kCrops * kCrop.slices * kCrop.rows * kCrop.columns;
    const GatherCrops gather{hu_.data(), shape_, normalization,         origins.data(),
                             kCrops,     kCrop,  crops.reserve(kVoxels)};
    watch_.kernel("crops", 6.0 * kVoxels, gather.planes(), gather);
  }

  void sums() {
    // As for a CT with voxels of 2 x 0.7 x 0.7 mm.
    BlockSums boxes{hu_.data(), shape_, {2, 6, 6}, nullptr};
    const std::int64_t count = boxes.rows() * BlockSums::boxes(shape_.columns, 6);
    Buffer<Machine, std::int32_t> sums(machine_);
    boxes.sums = sums.reserve(count);
    watch_.kernel("sums over boxes", static_cast<double>(voxels_ * 2 + count * 4), boxes.rows(),
                  boxes);
  }

  void masks() {
    upload(tensor_, probabilities(mask_, proposed_));
    const std::int64_t none = voxels_;
    Buffer<Machine, std::int64_t> first_nan(machine_);
    machine_.upload(first_nan.reserve(1), &none, sizeof none);
    Buffer<Machine, std::uint64_t> found(machine_), eroded(machine_);
    const auto words = static_cast<double>(mask_.all_words());
    const Threshold threshold{tensor_.data(),
                              shape_.columns,
                              pixels_,
                              0.5F,
                              0,
                              shape_.slices,
                              {0, 0, shape_.rows, shape_.columns},
                              mask_,
                              found.reserve(mask_.all_words()),
                              first_nan.data()};
    machine_.clear(found.data(), static_cast<std::size_t>(8 * mask_.all_words()));
    watch_.kernel("threshold, all slices", static_cast<double>(voxels_) * 4 + words * 8,
                  threshold.tiles(), threshold);
    std::vector<std::uint64_t> result(proposed_.size());
    machine_.download(result.data(), found.data(), result.size() * sizeof result[0]);
    if (result != proposed_) throw std::runtime_error("the threshold did not give the proposals");
    watch_.kernel("erosion", words * 16, (mask_.all_words() + 255) / 256,
                  Erode{proposals_.data(), mask_, eroded.reserve(mask_.all_words())});
  }

  /// All kernels from the mask to the sums of each component in host memory, including waits.
  void labelling() {
    Labelling<Machine> labelling(machine_);
    const std::size_t count = labelling.components(proposals_.data(), hu_.data(), mask_).size();
    watch_.host("mask to components (" + std::to_string(count) + ")",
                static_cast<double>(16 * mask_.all_words()), 0,
                [&] { labelling.components(proposals_.data(), hu_.data(), mask_); });
  }

  Machine& machine_;
  Shape shape_;
  MaskShape mask_ = mask_shape_of(shape_);
  std::int64_t pixels_ = shape_.rows * shape_.columns, voxels_ = shape_.slices * pixels_;
  std::vector<std::int16_t> hu_values_;
  std::vector<std::uint64_t> proposed_;
  DeviceStopwatch<Machine> watch_;
  Buffer<Machine, std::int16_t> hu_{machine_};
  Buffer<Machine, std::uint64_t> proposals_{machine_};
  Buffer<Machine, float> tensor_{machine_};
};

/// The program: arguments are slices, rows and columns, or none.
/// \return its exit code
template <typename Machine>
int benchmark_main(int argc, char** argv, std::FILE* csv, std::FILE* table) {
  LungrtCudaShape shape{133, 512, 512};
  if (argc == 4) shape = {std::atoll(argv[1]), std::atoll(argv[2]), std::atoll(argv[3])};
  if ((argc != 1 && argc != 4) || shape.slices < 33 || shape.rows < 64 || shape.columns < 64) {
    std::fprintf(
        table,
        "usage: lungrt_cuda_bench [SLICES ROWS COLUMNS]\n"
        "Times the kernels of the CUDA core on device 0, on a volume of at least "
        "33 x 64 x 64 voxels (133 x 512 x 512 if none is given), beside the time that "
        "copying their bytes takes. A table is written to stderr, comma-separated values "
        "to stdout.\n"
        "For example: lungrt_cuda_bench 300 512 512 > kernels.csv\n"
        "The exit code is 0, 1 for a failure, 2 for other arguments, 3 without a device.\n");
    return kBenchUsage;
  }
  const Devices devices = Machine::devices();
  if (devices.count == 0) {
    std::fprintf(table, "no CUDA device: %s\n", devices.reason.c_str());
    return kBenchNoDevice;
  }
  try {
    const typename Machine::Scope scope(0);
    Machine machine(0);
    KernelBenchmark<Machine>(machine, shape, csv, table).run();
    return kBenchDone;
  } catch (const std::exception& error) {
    std::fprintf(table, "%s\n", error.what());
    return kBenchFailed;
  }
}

}  // namespace lungrt::ops::cuda
