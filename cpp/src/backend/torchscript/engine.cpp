/// Engine table of the TorchScript engine.

#include <ATen/Context.h>
#include <ATen/Version.h>

#include <memory>
#include <string>

#include "backend/cuda_driver.h"
#include "backend/engine_library.h"
#include "backend/torch_common/device_failures.h"
#include "backend/torch_common/runtime.h"
#include "backend/torch_common/torch_cuda.h"
#include "backend/torchscript/options.h"
#include "backend/torchscript/session.h"

namespace lungrt::torchscript {
namespace {

using engine_library::Failure;
using engine_library::guarded;
using engine_library::tell;

struct Engine {
  static constexpr const char* kArtifactFormat = "torchscript";
  static constexpr auto open_runtime = torch_common::open_runtime;

  static std::int32_t device_count(std::int32_t cuda) {
    return cuda != 0 ? torch_common::cuda_devices() : 1;
  }

  static LungrtStatus device_name(std::int32_t cuda, std::int32_t index, LungrtText* text) {
    return guarded(kLungrtDeviceUnavailable, text, [&] {
      check_device(cuda, index);
      tell(kLungrtOk, cuda != 0 ? cuda_driver::device_name(index) : at::get_cpu_capability(), text);
    });
  }

  static std::uint32_t precisions(std::int32_t cuda, std::int32_t index) {
    if (cuda == 0) return kLungrtFp32;
    const bool ampere = cuda_driver::generation(index) >= cuda_driver::kAmpere;
    return kLungrtFp32 | kLungrtFp16 | (ampere ? kLungrtTf32 | kLungrtBf16 : 0U);
  }

  static std::unique_ptr<LungrtSession> open(const LungrtSessionRequest& request) {
    const Options options = read_options(request);
    check_device(request.cuda, request.device_index);
    if (request.cuda == 0) return std::make_unique<Session>(request, options);
    std::unique_ptr<LungrtSession> session;
    torch_common::run_on_device(torch_common::device_in_messages(request.device_index),
                                kLungrtBadArtifact,
                                [&] { session = std::make_unique<Session>(request, options); });
    return session;
  }

 private:
  static void check_device(std::int32_t cuda, std::int32_t index) {
    const std::int32_t count = device_count(cuda);
    if (index >= 0 && index < count) return;
    std::string message =
        "this torch finds " + std::to_string(count) + (cuda != 0 ? " CUDA devices" : " processors");
    if (cuda != 0 && count == 0) message += ": " + torch_common::why_no_cuda();
    throw Failure(kLungrtDeviceUnavailable, message);
  }
};

}  // namespace
}  // namespace lungrt::torchscript

extern "C" __attribute__((visibility("default"))) const LungrtEngineTable* lungrt_engine_table() {
  static constexpr LungrtEngineTable kTable =
      lungrt::engine_library::table_of<lungrt::torchscript::Engine>();
  return &kTable;
}
