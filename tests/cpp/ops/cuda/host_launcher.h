/// Runs the CUDA core's kernels on the host, in the streams of the fake CUDA runtime.
#pragma once

#include <string>

#include "ops/cuda/device_machine.h"
#include "ops/cuda/fake_runtime.h"
#include "ops/cuda/host_machine.h"

namespace lungrt::testing {

struct HostLauncher {
  template <typename Kernel>
  static cudaError_t launch(unsigned blocks, unsigned, cudaStream_t stream, const Kernel& kernel) {
    return enqueue(stream, [blocks, kernel] {
      HostMachine machine({48, 5, 1, false});
      machine.launch(blocks, kernel);
    });
  }
  static cudaError_t probe() { return fake_runtime().probe; }
  static std::string built_for() { return "7.5, 9.0 and newer"; }
};

}  // namespace lungrt::testing
