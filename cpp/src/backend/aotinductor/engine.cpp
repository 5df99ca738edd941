/// The table that the core finds in this library.

#include <ATen/Version.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "backend/aotinductor/session.h"
#include "backend/engine_table.h"
#include "backend/torch_common/run_allocator.h"
#include "backend/torch_common/runtime.h"
#include "backend/torch_common/status.h"
#include "lungrt/version.h"

struct LungrtSession {
  explicit LungrtSession(const LungrtSessionRequest& request) : session(request) {}
  lungrt::aotinductor::Session session;
};

/// Torch keeps its buffers in its own allocator; a caller's workspace has nothing to hold yet.
struct LungrtWorkspace {};

namespace lungrt::aotinductor {
namespace {

using torch_common::guarded;
using torch_common::tell;

/// Networks are compiled for the CPU alone.
std::int32_t device_count(std::int32_t cuda) { return cuda != 0 ? 0 : 1; }

LungrtStatus device_name(std::int32_t cuda, std::int32_t index, LungrtText* text) {
  return guarded(kLungrtDeviceUnavailable, text, [&] {
    if (index < 0 || index >= device_count(cuda))
      throw std::runtime_error("it runs on the CPU alone");
    tell(kLungrtOk, at::get_cpu_capability(), text);
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
  if (request->cuda != 0) {
    return tell(kLungrtDeviceUnavailable, "runs on the CPU alone", error);
  }
  return guarded(kLungrtBadArtifact, error, [&] {
    auto made = std::make_unique<LungrtSession>(*request);
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
    .artifact_format = "aotinductor",
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
}  // namespace lungrt::aotinductor

extern "C" __attribute__((visibility("default"))) const LungrtEngineTable* lungrt_engine_table() {
  return &lungrt::aotinductor::kTable;
}
