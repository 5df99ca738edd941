/// The table that the core finds in this library.

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "backend/cuda_driver.h"
#include "backend/engine_table.h"
#include "backend/torch_common/run_allocator.h"
#include "backend/torch_common/runtime.h"
#include "backend/torch_common/status.h"
#include "backend/torchscript/session.h"
#include "lungrt/version.h"

struct LungrtSession {
  lungrt::torchscript::Session session;
};

/// Torch keeps its buffers in its own allocator; a caller's workspace has nothing to hold yet.
struct LungrtWorkspace {};

namespace lungrt::torchscript {
namespace {

using torch_common::guarded;
using torch_common::tell;

/// CUDA kernels register themselves when libtorch_cuda.so, beside libtorch_cpu.so, is loaded.
bool load_cuda() {
  static const bool loaded = [] {
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(&at::show_config), &info) == 0) return false;
    const auto library = std::filesystem::path(info.dli_fname).parent_path() / "libtorch_cuda.so";
    std::error_code ignored;
    if (!std::filesystem::exists(library, ignored)) return false;
    return dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE) != nullptr;
  }();
  return loaded;
}

std::int32_t device_count(std::int32_t cuda) {
  if (cuda == 0) return 1;
  if (!load_cuda() || !at::detail::getCUDAHooks().hasCUDA()) return 0;
  return at::detail::getCUDAHooks().deviceCount();
}

LungrtStatus device_name(std::int32_t cuda, std::int32_t index, LungrtText* text) {
  return guarded(kLungrtDeviceUnavailable, text, [&] {
    if (index < 0 || index >= device_count(cuda)) {
      throw std::runtime_error("this torch sees " + std::to_string(device_count(cuda)) +
                               (cuda != 0 ? " CUDA devices" : " processors"));
    }
    tell(kLungrtOk, cuda != 0 ? cuda_driver::device_name(index) : at::get_cpu_capability(), text);
  });
}

LungrtStatus open_session(const LungrtSessionRequest* request, LungrtSession** session,
                          LungrtSessionTraits* traits, LungrtText* error) {
  if (request->option_count != 0) {
    return tell(kLungrtInvalidOption,
                std::string("unknown option '") + request->options[0].name +
                    "': this engine has no options",
                error);
  }
  if (request->cuda != 0 && request->device_index >= device_count(1)) {
    return tell(kLungrtDeviceUnavailable,
                "cuda:" + std::to_string(request->device_index) +
                    " was asked for, but this torch sees " + std::to_string(device_count(1)) +
                    " CUDA devices",
                error);
  }
  return guarded(kLungrtBadArtifact, error, [&] {
    if (request->cuda != 0) {
      // The exact profiles are defined in full float32.
      at::globalContext().setAllowTF32CuDNN(false);
      at::globalContext().setAllowTF32CuBLAS(false);
    }
    auto made = std::make_unique<LungrtSession>(LungrtSession{Session(*request)});
    *traits = made->session.traits();
    *session = made.release();
  });
}

void close_session(LungrtSession* session) {
  delete session;
  torch_common::release_idle_memory();
}

LungrtStatus open_workspace(LungrtSession*, LungrtWorkspace** workspace, LungrtText* error) {
  return guarded(kLungrtInference, error, [&] { *workspace = new LungrtWorkspace; });
}

void close_workspace(LungrtWorkspace* workspace) { delete workspace; }

LungrtStatus run(LungrtSession* session, LungrtWorkspace*, const LungrtTensor* input,
                 const LungrtTensor* output, LungrtText* error) {
  return guarded(kLungrtInference, error, [&] { session->session.run(*input, *output); });
}

constexpr LungrtEngineTable kTable{
    .abi = LUNGRT_ENGINE_ABI,
    .core_version = LUNGRT_VERSION,
    .artifact_format = "torchscript",
    .open_runtime = torch_common::open_runtime,
    .device_count = device_count,
    .device_name = device_name,
    .open_session = open_session,
    .close_session = close_session,
    .open_workspace = open_workspace,
    .close_workspace = close_workspace,
    .run = run,
};

}  // namespace
}  // namespace lungrt::torchscript

extern "C" __attribute__((visibility("default"))) const LungrtEngineTable* lungrt_engine_table() {
  return &lungrt::torchscript::kTable;
}
