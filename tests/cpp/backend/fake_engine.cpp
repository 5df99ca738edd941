/// Fake engine library that works or fails in a way chosen at compile time. Its networks return the
/// mean of each item's input for every output value.

#include <cstdio>
#include <cstring>

#include "backend/engine_table.h"
#include "lungrt/version.h"

#ifndef FAKE_ABI
#define FAKE_ABI LUNGRT_ENGINE_ABI
#endif
#ifndef FAKE_CORE
#define FAKE_CORE LUNGRT_VERSION
#endif
#ifndef FAKE_FORMAT
#define FAKE_FORMAT "fake"
#endif
#ifndef FAKE_CUDA_DEVICES
#define FAKE_CUDA_DEVICES 0
#endif
#ifndef FAKE_CUDA_PRECISIONS
#define FAKE_CUDA_PRECISIONS kLungrtFp32
#endif
#ifndef FAKE_DEVICE_TENSORS
#define FAKE_DEVICE_TENSORS 0
#endif
#ifndef FAKE_ANY_PLACE  // also accepts host memory
#define FAKE_ANY_PLACE 0
#endif
#ifndef FAKE_RUNTIME_STATUS
#define FAKE_RUNTIME_STATUS kLungrtOk
#endif

struct LungrtSession {
  bool broken;  ///< whether run() fails
  bool cuda;
};
struct LungrtWorkspace {};

namespace {

LungrtStatus tell(LungrtStatus status, const char* message, LungrtText* text) {
  std::snprintf(text->data, text->capacity, "%s", message);
  return status;
}

LungrtStatus open_runtime(const char*, LungrtText* text) {
  return tell(FAKE_RUNTIME_STATUS,
              FAKE_RUNTIME_STATUS == kLungrtOk ? "fake 1.0" : "was built for fake 2", text);
}

std::int32_t device_count(std::int32_t cuda) { return cuda != 0 ? FAKE_CUDA_DEVICES : 1; }

LungrtStatus device_name(std::int32_t, std::int32_t, LungrtText* text) {
  return tell(kLungrtOk, "imagination", text);
}

std::uint32_t precisions(std::int32_t cuda, std::int32_t) {
  return cuda != 0 ? FAKE_CUDA_PRECISIONS : kLungrtFp32;
}

LungrtStatus open_session(const LungrtSessionRequest* request, LungrtSession** session,
                          LungrtSessionTraits* traits, LungrtText* error) {
  if (std::strstr(request->artifact, "damaged") != nullptr) {
    return tell(kLungrtBadArtifact, "cannot read the artifact", error);
  }
  if ((request->precision & precisions(request->cuda, request->device_index)) == 0) {
    return tell(kLungrtInvalidOption, "it does not compute in that", error);
  }
  for (int i = 0; i < request->option_count; ++i) {
    if (std::strcmp(request->options[i].name, "flavour") != 0) {
      return tell(kLungrtInvalidOption, "it knows the option flavour", error);
    }
  }
  *session =
      new LungrtSession{std::strstr(request->artifact, "broken") != nullptr, request->cuda != 0};
  *traits = {.channels_last = request->input_rank == 4 ? 1 : 0,
             .batch = 3,
             .run_streams = 2,
             .device_tensors = FAKE_DEVICE_TENSORS != 0 && request->cuda != 0 ? 1 : 0,
             .stream_ordered = request->input_rank == 4 ? 1 : 0};
  return kLungrtOk;
}

void close_session(LungrtSession* session) { delete session; }

LungrtStatus open_workspace(LungrtSession*, LungrtWorkspace** workspace, LungrtText*) {
  *workspace = new LungrtWorkspace;
  return kLungrtOk;
}

void close_workspace(LungrtWorkspace* workspace) { delete workspace; }

std::int64_t item_elements(const LungrtTensor& tensor) {
  std::int64_t product = 1;
  for (std::int32_t axis = 1; axis < tensor.rank; ++axis) product *= tensor.shape[axis];
  return product;
}

LungrtStatus run(LungrtSession* session, LungrtWorkspace*, const LungrtTensor* input,
                 const LungrtTensor* output, LungrtText* error) {
  if (session->broken) return tell(kLungrtInference, "the network is broken", error);
  // Only memory of the requested device has a stream.
  const bool expected = (input->cuda != 0) == (session->cuda && FAKE_DEVICE_TENSORS != 0);
  const bool placed = (expected || FAKE_ANY_PLACE != 0) &&
                      (input->stream != nullptr) == (input->cuda != 0) &&
                      output->stream == input->stream && output->cuda == input->cuda;
  if (!placed) return tell(kLungrtInference, "the tensors lie elsewhere", error);
  const std::int64_t in = item_elements(*input);
  const std::int64_t out = item_elements(*output);
  for (std::int64_t item = 0; item < input->shape[0]; ++item) {
    double sum = 0;
    for (std::int64_t i = 0; i < in; ++i) sum += input->data[item * in + i];
    for (std::int64_t i = 0; i < out; ++i) {
      output->data[item * out + i] = static_cast<float>(sum / static_cast<double>(in));
    }
  }
  return kLungrtOk;
}

constexpr LungrtEngineTable kTable{FAKE_ABI,      FAKE_CORE,      FAKE_FORMAT,     open_runtime,
                                   device_count,  device_name,    precisions,      open_session,
                                   close_session, open_workspace, close_workspace, run};

}  // namespace

extern "C" __attribute__((visibility("default"))) const LungrtEngineTable* FAKE_ENTRY() {
  return &kTable;
}
