/// The table that the core finds in this library.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <new>
#include <string>

#include "backend/cuda_driver.h"
#include "backend/engine_table.h"
#include "backend/onnxruntime/failure.h"
#include "backend/onnxruntime/providers.h"
#include "backend/onnxruntime/runtime.h"
#include "backend/onnxruntime/session.h"
#include "lungrt/version.h"

struct LungrtSession {
  lungrt::onnxruntime::Session session;
};

struct LungrtWorkspace {
  std::unique_ptr<lungrt::onnxruntime::Workspace> workspace;
};

namespace lungrt::onnxruntime {
namespace {

/// In one line, as every message of lungrt: the runtime breaks its own.
LungrtStatus tell(LungrtStatus status, std::string message, LungrtText* text) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::snprintf(text->data, text->capacity, "%s", message.c_str());
  return status;
}

/// The runtime has no code for memory that ran out: its arena, the C++ library, CUDA and its
/// libraries each have words of their own.
bool is_out_of_memory(const std::string& message) {
  for (const char* words : {"Failed to allocate memory", "bad_alloc", "out of memory",
                            "ALLOC_FAILED", "Available memory of"}) {
    if (message.find(words) != std::string::npos) return true;
  }
  return false;
}

/// Runs `body` and turns whatever it throws into a status: nothing may cross the table.
template <typename Body>
LungrtStatus guarded(LungrtStatus on_error, LungrtText* error, Body&& body) noexcept {
  try {
    body();
    return kLungrtOk;
  } catch (const Failure& e) {
    return tell(e.status(), e.what(), error);
  } catch (const std::bad_alloc&) {
    return tell(kLungrtOutOfMemory, "out of memory", error);
  } catch (const std::exception& e) {
    return tell(is_out_of_memory(e.what()) ? kLungrtOutOfMemory : on_error, e.what(), error);
  } catch (...) {
    return tell(on_error, "unknown failure", error);
  }
}

LungrtStatus open_runtime_of(const char* folder, LungrtText* out) {
  return guarded(kLungrtUnsupportedRuntime, out, [&] {
    tell(kLungrtOk, "onnxruntime " + open_runtime(folder == nullptr ? "" : folder), out);
  });
}

std::int32_t device_count(std::int32_t cuda) { return cuda == 0 ? 1 : cuda_device_count(); }

/// The instruction set that the runtime's kernels have to choose from.
std::string processor() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return "AVX512";
  if (__builtin_cpu_supports("avx2")) return "AVX2";
#endif
  return "default";
}

void check_cuda_device(std::int32_t index) {
  if (index >= 0 && index < cuda_device_count()) return;
  throw Failure(kLungrtDeviceUnavailable, why_no_cuda_device());
}

LungrtStatus device_name(std::int32_t cuda, std::int32_t index, LungrtText* text) {
  return guarded(kLungrtDeviceUnavailable, text, [&] {
    if (cuda != 0) check_cuda_device(index);
    tell(kLungrtOk, cuda != 0 ? cuda_driver::device_name(index) : processor(), text);
  });
}

LungrtStatus open_session(const LungrtSessionRequest* request, LungrtSession** session,
                          LungrtSessionTraits* traits, LungrtText* error) {
  return guarded(kLungrtBadArtifact, error, [&] {
    if (request->cuda != 0) check_cuda_device(request->device_index);
    auto made = std::make_unique<LungrtSession>(LungrtSession{Session(*request)});
    *traits = made->session.traits();
    *session = made.release();
  });
}

void close_session(LungrtSession* session) { delete session; }

LungrtStatus open_workspace(LungrtSession* session, LungrtWorkspace** workspace,
                            LungrtText* error) {
  return guarded(kLungrtInference, error,
                 [&] { *workspace = new LungrtWorkspace{session->session.new_workspace()}; });
}

void close_workspace(LungrtWorkspace* workspace) { delete workspace; }

LungrtStatus run(LungrtSession* session, LungrtWorkspace* workspace, const LungrtTensor* input,
                 const LungrtTensor* output, LungrtText* error) {
  return guarded(kLungrtInference, error,
                 [&] { session->session.run(*workspace->workspace, *input, *output); });
}

constexpr LungrtEngineTable kTable{
    .abi = LUNGRT_ENGINE_ABI,
    .core_version = LUNGRT_VERSION,
    .artifact_format = "onnx",
    .open_runtime = open_runtime_of,
    .device_count = device_count,
    .device_name = device_name,
    .open_session = open_session,
    .close_session = close_session,
    .open_workspace = open_workspace,
    .close_workspace = close_workspace,
    .run = run,
};

}  // namespace
}  // namespace lungrt::onnxruntime

extern "C" __attribute__((visibility("default"))) const LungrtEngineTable* lungrt_engine_table() {
  return &lungrt::onnxruntime::kTable;
}
