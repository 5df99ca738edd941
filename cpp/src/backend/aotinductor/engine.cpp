/// Engine table of the AOTInductor engine.

#include <ATen/Version.h>

#include <memory>

#include "backend/aotinductor/session.h"
#include "backend/engine_library.h"
#include "backend/torch_common/runtime.h"

namespace lungrt::aotinductor {
namespace {

using engine_library::Failure;
using engine_library::guarded;
using engine_library::tell;

struct Engine {
  static constexpr const char* kArtifactFormat = "aotinductor";
  static constexpr auto open_runtime = torch_common::open_runtime;

  /// Networks are compiled for the CPU only.
  static std::int32_t device_count(std::int32_t cuda) { return cuda != 0 ? 0 : 1; }

  static LungrtStatus device_name(std::int32_t cuda, std::int32_t index, LungrtText* text) {
    return guarded(kLungrtDeviceUnavailable, text, [&] {
      check_device(cuda, index);
      tell(kLungrtOk, at::get_cpu_capability(), text);
    });
  }

  /// Compiled networks compute in float32.
  static std::uint32_t precisions(std::int32_t, std::int32_t) { return kLungrtFp32; }

  static std::unique_ptr<LungrtSession> open(const LungrtSessionRequest& request) {
    engine_library::refuse_options(request);
    check_device(request.cuda, request.device_index);
    return std::make_unique<Session>(request);
  }

 private:
  static void check_device(std::int32_t cuda, std::int32_t index) {
    if (index < 0 || index >= device_count(cuda)) {
      throw Failure(kLungrtDeviceUnavailable,
                    "networks that AOTInductor compiled run on the CPU only");
    }
  }
};

}  // namespace
}  // namespace lungrt::aotinductor

extern "C" __attribute__((visibility("default"))) const LungrtEngineTable* lungrt_engine_table() {
  static constexpr LungrtEngineTable kTable =
      lungrt::engine_library::table_of<lungrt::aotinductor::Engine>();
  return &kTable;
}
