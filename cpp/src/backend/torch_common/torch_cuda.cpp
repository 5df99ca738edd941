#include "backend/torch_common/torch_cuda.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <caffe2/core/common.h>
#include <dlfcn.h>

#include <filesystem>
#include <system_error>
#include <typeinfo>

#include "backend/cuda_driver.h"

namespace lungrt::torch_common {
namespace {

/// Loads the library from beside libtorch_cpu.so; its kernels and functions register themselves.
/// \return why it could not be loaded; empty where it was
std::string load_from_beside_torch() {
  if (cuda_driver::device_count() == 0) {
    return "the NVIDIA driver (libcuda.so.1) is not installed or finds no device";
  }
  Dl_info torch{};
  if (dladdr(reinterpret_cast<void*>(&caffe2::GetBuildOptions), &torch) == 0) {
    return "the folder of libtorch_cpu.so is unknown";
  }
  const auto library = std::filesystem::path(torch.dli_fname).parent_path() / "libtorch_cuda.so";
  std::error_code ignored;  // a file that cannot be looked up does not exist for us
  if (!std::filesystem::exists(library, ignored)) {
    return "this torch was built without CUDA (" + library.string() +
           " does not exist); install a torch with CUDA";
  }
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE) != nullptr) return "";
  return std::string("torch's CUDA library cannot be loaded: ") + dlerror();
}

const std::string& problem_of_loading() {
  static const std::string problem = load_from_beside_torch();
  return problem;
}

}  // namespace

void load_torch_cuda() { problem_of_loading(); }

int cuda_devices() {
  if (!problem_of_loading().empty()) return 0;
  const at::CUDAHooksInterface& cuda = at::detail::getCUDAHooks();
  return cuda.hasCUDA() ? cuda.deviceCount() : 0;
}

std::string why_no_cuda() {
  if (!problem_of_loading().empty()) return problem_of_loading();
  if (cuda_devices() > 0) return "";
  const at::CUDAHooksInterface& cuda = at::detail::getCUDAHooks();
  if (typeid(cuda) == typeid(at::CUDAHooksInterface)) {  // stands for those that are not there
    return "this process had used torch before its CUDA library was loaded, and torch does not "
           "look for CUDA again; load lungrt's engine, or libtorch_cuda.so, before torch is used";
  }
  return "torch finds no device, though the driver has " +
         std::to_string(cuda_driver::device_count()) +
         "; the driver may be too old for this torch, or the GPU too old";
}

}  // namespace lungrt::torch_common
