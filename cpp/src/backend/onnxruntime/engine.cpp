/// Engine table of the ONNX Runtime engine.

#include <algorithm>
#include <memory>
#include <new>
#include <string>

#include "backend/cuda_driver.h"
#include "backend/engine_library.h"
#include "backend/onnxruntime/providers.h"
#include "backend/onnxruntime/runtime.h"
#include "backend/onnxruntime/session.h"

namespace lungrt::onnxruntime {
namespace {

using engine_library::Failure;
using engine_library::guarded;
using engine_library::tell;

/// The runtime has no error code for out of memory: its arena, the C++ library, CUDA and CUDA's
/// libraries each have their own message.
bool is_out_of_memory(const std::string& message) {
  for (const char* words : {"Failed to allocate memory", "bad_alloc", "out of memory",
                            "ALLOC_FAILED", "Available memory of"}) {
    if (message.find(words) != std::string::npos) return true;
  }
  return false;
}

/// Widest instruction set of this processor that the runtime has kernels for.
std::string processor() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return "AVX512";
  if (__builtin_cpu_supports("avx2")) return "AVX2";
#endif
  return "default";
}

struct Engine {
  static constexpr const char* kArtifactFormat = "onnx";

  static LungrtStatus open_runtime(const char* folder, LungrtText* text) {
    return guarded(kLungrtUnsupportedRuntime, text, [&] {
      const std::string version = onnxruntime::open_runtime(folder == nullptr ? "" : folder);
      tell(kLungrtOk, "onnxruntime " + version, text);
    });
  }

  static std::int32_t device_count(std::int32_t cuda) {
    return cuda == 0 ? 1 : cuda_device_count();
  }

  static LungrtStatus device_name(std::int32_t cuda, std::int32_t index, LungrtText* text) {
    return guarded(kLungrtDeviceUnavailable, text, [&] {
      if (cuda != 0) check_cuda_device(index);
      tell(kLungrtOk, cuda != 0 ? cuda_driver::device_name(index) : processor(), text);
    });
  }

  static std::uint32_t precisions(std::int32_t cuda, std::int32_t index) {
    return cuda == 0 ? kLungrtFp32 : cuda_precisions(index);
  }

  static std::unique_ptr<LungrtSession> open(const LungrtSessionRequest& request) {
    if (request.cuda != 0) check_cuda_device(request.device_index);
    return std::make_unique<Session>(request);
  }

 private:
  static void check_cuda_device(std::int32_t index) {
    if (index >= 0 && index < cuda_device_count()) return;
    throw Failure(kLungrtDeviceUnavailable, why_no_cuda_device());
  }
};

}  // namespace
}  // namespace lungrt::onnxruntime

namespace lungrt::engine_library {

Failure meaning_of_current_exception(LungrtStatus otherwise) {
  // lungrt's messages are single lines; the runtime's contain line breaks.
  const auto failure = [](LungrtStatus status, std::string message) {
    std::replace(message.begin(), message.end(), '\n', ' ');
    return Failure(status, message);
  };
  try {
    throw;
  } catch (const Failure& e) {
    return failure(e.status(), e.what());
  } catch (const std::bad_alloc&) {
    return failure(kLungrtOutOfMemory, "out of memory");
  } catch (const std::exception& e) {
    const bool memory = onnxruntime::is_out_of_memory(e.what());
    return failure(memory ? kLungrtOutOfMemory : otherwise, e.what());
  } catch (...) {
    return failure(otherwise, "unknown failure");
  }
}

}  // namespace lungrt::engine_library

extern "C" __attribute__((visibility("default"))) const LungrtEngineTable* lungrt_engine_table() {
  static constexpr LungrtEngineTable kTable =
      lungrt::engine_library::table_of<lungrt::onnxruntime::Engine>();
  return &kTable;
}
