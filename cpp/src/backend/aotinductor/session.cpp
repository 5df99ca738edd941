#include "backend/aotinductor/session.h"

#include <ATen/core/Tensor.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "backend/torch_common/run_allocator.h"
#include "backend/torch_common/runtime.h"
#include "backend/torch_common/tensors.h"

namespace lungrt::aotinductor {

Session::Session(const LungrtSessionRequest& request)
    : run_streams_(std::min(request.threads, torch_common::kMaxRunStreams)),
      threads_(request.threads / run_streams_),
      package_(request.artifact, run_streams_) {}

LungrtSessionTraits Session::traits() const {
  // Layout and batch were fixed when the network was compiled; the core reads them from its record.
  return {.channels_last = 0, .batch = 1, .run_streams = run_streams_};
}

void Session::run(LungrtWorkspace&, const LungrtTensor& input, const LungrtTensor& output) const {
  const c10::InferenceMode inference;
  const torch_common::ThreadCountScope threads(threads_);
  const torch_common::RunAllocatorScope allocator;
  // The loader has one runner per run stream; if more threads call, they take turns.
  const std::vector<at::Tensor> results = package_.loader().run({torch_common::wrap(input)});
  if (results.size() != 1) {
    throw std::runtime_error("the network returned " + std::to_string(results.size()) +
                             " tensors, expected 1");
  }
  torch_common::copy_result(results.front(), output);
}

}  // namespace lungrt::aotinductor
