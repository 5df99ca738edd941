/// Benchmark of the CUDA core's kernels on a volume of the size of a chest CT, compared with the
/// time that moving their bytes takes: `lungrt_cuda_bench [SLICES ROWS COLUMNS]`. Prints
/// comma-separated values.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "ops/cuda/device_machine.cuh"

namespace lungrt::ops::cuda {
namespace {

constexpr int kRounds = 20;

/// Peak memory bandwidth from the memory's clock and width, in bytes per second.
double peak_bandwidth(int device) {
  int kilohertz = 0, bits = 0;
  check(cudaDeviceGetAttribute(&kilohertz, cudaDevAttrMemoryClockRate, device), kLungrtInference,
        "memory clock");
  check(cudaDeviceGetAttribute(&bits, cudaDevAttrGlobalMemoryBusWidth, device), kLungrtInference,
        "memory width");
  return 2.0 * kilohertz * 1e3 * bits / 8.0;
}

class Timer {
 public:
  explicit Timer(DeviceMachine& machine) : machine_(machine), peak_(peak_bandwidth(0)) {
    cudaEventCreate(&start_);
    cudaEventCreate(&end_);
    std::printf("kernel,microseconds,floor_microseconds,times_the_floor\n");
  }

  /// \param bytes  least number of bytes that the kernel must read and write
  template <typename Kernel>
  void run(const char* name, double bytes, std::int64_t blocks, const Kernel& kernel) {
    auto* stream = static_cast<cudaStream_t>(machine_.stream());
    std::vector<float> all;
    for (int round = 0; round < kRounds + 3; ++round) {
      cudaEventRecord(start_, stream);
      machine_.launch(blocks, kernel);
      cudaEventRecord(end_, stream);
      machine_.wait();
      float milliseconds = 0;
      cudaEventElapsedTime(&milliseconds, start_, end_);
      if (round >= 3) all.push_back(1e3F * milliseconds);  // the first rounds are warm-up
    }
    std::nth_element(all.begin(), all.begin() + kRounds / 2, all.end());
    const double floor = bytes / peak_ * 1e6, found = all[kRounds / 2];
    std::printf("%s,%.1f,%.1f,%.2f\n", name, found, floor, found / floor);
  }

 private:
  DeviceMachine& machine_;
  double peak_;
  cudaEvent_t start_{}, end_{};
};

/// Mask of boxes of several sizes, about one percent of a chest CT: somewhat more than a
/// segmentation finds.
std::vector<std::uint64_t> proposals(const MaskShape& shape) {
  std::mt19937 random(3);
  std::vector<std::uint64_t> mask(static_cast<std::size_t>(shape.all_words()));
  const auto below = [&](std::int32_t most) { return static_cast<std::int32_t>(random() % most); };
  for (int box = 0; box < 4000; ++box) {
    const std::int32_t size = 3 + below(10), z = below(shape.slices - size);
    const std::int32_t y = below(shape.rows - size), x = below(shape.columns - size);
    for (std::int32_t dz = 0; dz < std::min(size, 6); ++dz)
      for (std::int32_t dy = 0; dy < size; ++dy)
        for (std::int32_t dx = 0; dx < size; ++dx) {
          const std::int64_t row = std::int64_t{z + dz} * shape.rows + y + dy;
          mask[static_cast<std::size_t>(row * shape.words + (x + dx) / 64)] |= std::uint64_t{1}
                                                                               << ((x + dx) % 64);
        }
  }
  return mask;
}

void run(const Shape& shape) {
  DeviceMachine machine(0);
  Timer timer(machine);
  const std::int64_t voxels = shape.slices * shape.rows * shape.columns;
  const Window whole{0, 0, shape.rows, shape.columns};
  const Normalization normalization{{-1000.0F, 1000.0F, 1.0F, 0.0F}};
  std::mt19937 random(1);
  std::vector<std::int16_t> values(static_cast<std::size_t>(voxels));
  for (auto& value : values)
    value = static_cast<std::int16_t>(static_cast<int>(random() % 4000) - 2000);
  Buffer<DeviceMachine, std::int16_t> hu(machine);
  machine.upload(hu.reserve(voxels), values.data(), values.size() * sizeof values[0]);

  // Eight slices with three neighbours on each side, like the input of the book's network.
  const std::int64_t batch = 8, channels = 7, pixels = shape.rows * shape.columns;
  Buffer<DeviceMachine, float> tensor(machine);
  tensor.reserve(std::max(batch * channels * pixels, voxels));
  for (const bool channels_last : {false, true}) {
    const StackContext stack{
        hu.data(),  shape,         whole,         normalization, 3, batch, 3, 0,
        shape.rows, shape.columns, channels_last, tensor.data()};
    timer.run(channels_last ? "context, NHWC" : "context, NCHW",
              static_cast<double>(batch * channels * pixels * 4 + (batch + 6) * pixels * 2),
              stack.rows(), stack);
  }

  std::vector<std::int64_t> places;
  for (int crop = 0; crop < 64; ++crop) {
    for (const std::int64_t room : {shape.slices - 32, shape.rows - 48, shape.columns - 48}) {
      places.push_back(static_cast<std::int64_t>(random() % room));
    }
  }
  Buffer<DeviceMachine, std::int64_t> origins(machine);
  machine.upload(origins.reserve(192), places.data(), places.size() * sizeof places[0]);
  const GatherCrops gather{hu.data(), shape,        normalization, origins.data(),
                           64,        {32, 48, 48}, tensor.data()};
  timer.run("crops", 64.0 * 32 * 48 * 48 * 6, gather.planes(), gather);

  Buffer<DeviceMachine, std::int32_t> sums(machine);
  BlockSums blocks{
      hu.data(), shape, {2, 6, 6}, nullptr};  // as for a CT with voxels of 2 x 0.7 x 0.7 mm
  const std::int64_t boxes = blocks.rows() * BlockSums::boxes(shape.columns, 6);
  blocks.sums = sums.reserve(boxes);
  timer.run("sums over boxes", static_cast<double>(voxels * 2 + boxes * 4), blocks.rows(), blocks);

  const MaskShape mask_shape{static_cast<std::int32_t>(shape.slices),
                             static_cast<std::int32_t>(shape.rows),
                             static_cast<std::int32_t>(shape.columns),
                             static_cast<std::int32_t>((shape.columns + 63) / 64)};
  const auto words = static_cast<double>(mask_shape.all_words());
  Buffer<DeviceMachine, std::uint64_t> mask(machine), eroded(machine);
  Buffer<DeviceMachine, std::int64_t> nan(machine);
  const Threshold threshold{tensor.data(),
                            shape.columns,
                            pixels,
                            0.5F,
                            0,
                            shape.slices,
                            whole,
                            mask_shape,
                            mask.reserve(mask_shape.all_words()),
                            nan.reserve(1)};
  timer.run("threshold, all slices", static_cast<double>(voxels) * 4 + words * 8, threshold.tiles(),
            threshold);

  const std::vector<std::uint64_t> proposed = proposals(mask_shape);
  machine.upload(mask.data(), proposed.data(), proposed.size() * sizeof proposed[0]);
  timer.run("erosion", words * 16, (mask_shape.all_words() + 255) / 256,
            Erode{mask.data(), mask_shape, eroded.reserve(mask_shape.all_words())});

  // All kernels from the mask to the sums of each component in host memory, including waits.
  Labelling<DeviceMachine> labelling(machine);
  std::vector<double> all;
  std::size_t components = 0;
  for (int round = 0; round < kRounds + 3; ++round) {
    const auto start = std::chrono::steady_clock::now();
    components = labelling.components(mask.data(), hu.data(), mask_shape).size();
    const std::chrono::duration<double, std::micro> passed =
        std::chrono::steady_clock::now() - start;
    if (round >= 3) all.push_back(passed.count());
  }
  std::nth_element(all.begin(), all.begin() + kRounds / 2, all.end());
  std::printf("mask to components (%zu; at most 20000),%.1f,,\n", components, all[kRounds / 2]);
}

}  // namespace
}  // namespace lungrt::ops::cuda

int main(int argc, char** argv) {
  LungrtCudaShape shape{133, 512, 512};
  if (argc == 4) shape = {std::atoll(argv[1]), std::atoll(argv[2]), std::atoll(argv[3])};
  if (shape.slices < 33 || shape.rows < 64 || shape.columns < 64) {
    std::fprintf(stderr, "expected at least 33 x 64 x 64 voxels (slices, rows, columns)\n");
    return 2;
  }
  try {
    lungrt::ops::cuda::require_device<lungrt::ops::cuda::DeviceMachine>(0);
    lungrt::ops::cuda::run(shape);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
