#include "backend/torchscript/session.h"

#include <ATen/Context.h>
#include <c10/core/StreamGuard.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>

#include "backend/torch_common/device_failures.h"
#include "backend/torch_common/run_allocator.h"
#include "backend/torch_common/runtime.h"
#include "backend/torch_common/tensors.h"
#include "backend/torchscript/fold_batch_norms.h"
#include "backend/torchscript/forward.h"
#include "backend/torchscript/fuse_relu.h"
#include "backend/torchscript/memory_format.h"
#include "backend/torchscript/precision.h"

namespace lungrt::torchscript {

using torch_common::kMaxRunStreams;

namespace {

/// Whether torch resolves its stream to this CUDA handle. Older versions cannot tell and are
/// trusted.
template <typename Stream>
bool leads_to(const Stream& stream, const void* handle) {
  if constexpr (requires { stream.native_handle(); }) return stream.native_handle() == handle;
  return true;
}

/// Torch's representation of a CUDA stream that it did not create: its id is the handle itself,
/// which is even, while ids of torch's own streams are odd. Does not use CUDA's headers, so that
/// one build of this library works with every build of torch.
c10::Stream external_stream(const c10::Device& device, void* handle) {
  const c10::Stream stream(c10::Stream::UNSAFE, device,
                           static_cast<c10::StreamId>(reinterpret_cast<std::intptr_t>(handle)));
  if (!leads_to(stream, handle)) {
    throw std::runtime_error(
        "lungrt does not support how this version of torch identifies CUDA streams");
  }
  return stream;
}

}  // namespace

Session::Session(const LungrtSessionRequest& request, const Options& options)
    : device_(request.cuda != 0
                  ? c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(request.device_index))
                  : c10::Device(c10::kCPU)),
      precision_(request.precision),
      run_streams_(device_.is_cpu() ? std::min(request.threads, kMaxRunStreams) : 1),
      threads_(request.threads / run_streams_),
      slices_(request.input_rank == 4),
      module_(torch::jit::load(request.artifact, device_)) {
  module_.eval();
  if (module_.get_method("forward").function().getSchema().arguments().size() != 2) {
    throw std::invalid_argument("the module's forward() must take exactly one tensor");
  }
  if (device_.is_cpu()) {
    if (options.rewritten) fold_batch_norms(module_.get_method("forward").graph());
    fuse_convolutions_with_relu(module_);
  } else {
    const bool channels_last = wants_channels_last(precision_, options.memory_format);
    lay_out_weights(module_, channels_last);
    if (options.rewritten) {
      fold_batch_norms_on_device(module_.get_method("forward").graph(), precision_, channels_last);
    }
    compute_in(precision_, module_);
  }
}

LungrtSessionTraits Session::traits() const {
  // Channels-last is oneDNN's own layout, so nothing is reordered around each convolution. For a
  // 3-D network with one input channel both layouts are the same memory, but with a batch of 1 it
  // would miss oneDNN's fast path.
  if (device_.is_cuda()) {
    return {.channels_last = 0,
            .batch = slices_ ? 8 : 64,
            .run_streams = 1,
            .device_tensors = 1,
            .stream_ordered = 1};
  }
  return slices_ ? LungrtSessionTraits{.channels_last = 1, .batch = 1, .run_streams = run_streams_}
                 : LungrtSessionTraits{.channels_last = 0, .batch = 8, .run_streams = run_streams_};
}

void Session::run(LungrtWorkspace&, const LungrtTensor& input, const LungrtTensor& output) const {
  if (device_.is_cpu()) {
    compute(input, output);
    return;
  }
  torch_common::run_on_device(torch_common::device_in_messages(device_.index()), kLungrtInference,
                              [&] { compute(input, output); });
}

void Session::compute(const LungrtTensor& input, const LungrtTensor& output) const {
  const c10::InferenceMode inference;
  const torch_common::ThreadCountScope threads(threads_);
  std::optional<torch_common::RunAllocatorScope> allocator;
  if (device_.is_cpu()) allocator.emplace();
  // For matrix products other than convolutions: turns TF32 off for this thread only, whatever the
  // application allows.
  std::optional<at::NoTF32Guard> no_tf32;
  if (device_.is_cuda() && precision_ != kLungrtTf32) no_tf32.emplace();
  std::optional<c10::StreamGuard> on_stream;
  if (input.cuda != 0) on_stream.emplace(external_stream(device_, input.stream));

  const at::Tensor wrapped = torch_common::wrap(input).to(device_);
  torch_common::copy_result(run_as_written(module_, wrapped), output);
}

}  // namespace lungrt::torchscript
