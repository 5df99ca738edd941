// Stands in for libtorch_cuda.so: when it is loaded, it registers itself with torch as the real one
// does, with as many devices as FAKE_TORCH_DEVICES says.

#include <ATen/detail/CUDAHooksInterface.h>

namespace {

struct CUDAHooks final : at::CUDAHooksInterface {
  explicit CUDAHooks(at::CUDAHooksArgs) {}
  bool hasCUDA() const override { return FAKE_TORCH_DEVICES > 0; }
  at::DeviceIndex deviceCount() const override { return FAKE_TORCH_DEVICES; }
  // The first thing that torch's description of its build asks for.
  std::string showConfig() const override { return "  - CUDA of imagined devices\n"; }
};

}  // namespace

namespace at {
REGISTER_CUDA_HOOKS(CUDAHooks)
}
