/// Benchmark of the CUDA core's kernels on a device; without arguments on the volume of a chest CT.

#include "benchmark.h"
#include "ops/cuda/device_machine.cuh"

int main(int argc, char** argv) {
  return lungrt::ops::cuda::benchmark_main<lungrt::ops::cuda::DeviceMachine>(argc, argv, stdout,
                                                                             stderr);
}
