#include "backend/torchscript/session.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "backend/torchscript/fuse_relu.h"
#include "backend/torchscript/run_allocator.h"
#include "backend/torchscript/thread_count.h"

namespace lungrt::torchscript {
namespace {

/// A tensor over the caller's memory.
at::Tensor wrap(const LungrtTensor& tensor) {
  const c10::IntArrayRef shape(tensor.shape, static_cast<std::size_t>(tensor.rank));
  const c10::Device device =
      tensor.cuda != 0 ? c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(tensor.device_index))
                       : c10::Device(c10::kCPU);
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
  if (tensor.interleaved == 0) return at::from_blob(tensor.data, shape, options);
  // Strides of channels-last memory, for any rank: batch, 1, then the rest in units of channels.
  std::vector<std::int64_t> strides(static_cast<std::size_t>(tensor.rank));
  std::int64_t stride = tensor.shape[1];
  for (std::size_t axis = strides.size() - 1; axis >= 2; --axis) {
    strides[axis] = stride;
    stride *= tensor.shape[axis];
  }
  strides[1] = 1;
  strides[0] = stride;
  return at::from_blob(tensor.data, shape, strides, options);
}

/// A slice a thread beats rows of one slice across threads: nothing waits for the slowest at the
/// end of each operator. Each lane keeps activations of its own (about 200 MB for a slice of 512 x
/// 512).
constexpr int kMostLanes = 4;

std::string text(c10::IntArrayRef shape) {
  std::ostringstream stream;
  stream << shape;
  return stream.str();
}

}  // namespace

Session::Session(const LungrtSessionRequest& request)
    : device_(request.cuda != 0
                  ? c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(request.device_index))
                  : c10::Device(c10::kCPU)),
      lanes_(device_.is_cpu() ? std::min(request.threads, kMostLanes) : 1),
      threads_(request.threads / lanes_),
      slices_(request.input_rank == 4),
      module_(torch::jit::load(request.artifact, device_)) {
  module_.eval();
  if (module_.get_method("forward").function().getSchema().arguments().size() != 2) {
    throw std::invalid_argument("forward must take one tensor");
  }
  if (device_.is_cpu()) fuse_convolutions_with_relu(module_);
}

LungrtSessionTraits Session::traits() const {
  // Channels-last is oneDNN's own layout: no reordering around every convolution. A 3-D network
  // with one input channel has the same memory either way; at batch 1 it falls off the fast path.
  if (device_.is_cuda()) return {.interleaved = 0, .batch = slices_ ? 8 : 64, .lanes = 1};
  return slices_ ? LungrtSessionTraits{.interleaved = 1, .batch = 1, .lanes = lanes_}
                 : LungrtSessionTraits{.interleaved = 0, .batch = 8, .lanes = lanes_};
}

void Session::run(const LungrtTensor& input, const LungrtTensor& output) const {
  const c10::InferenceMode inference;
  const ThreadCountScope threads(threads_);
  std::optional<RunAllocatorScope> allocator;
  if (device_.is_cpu()) allocator.emplace();

  torch::jit::Module module = module_;  // shares the weights; forward() is not const
  const at::Tensor result = module.forward({wrap(input).to(device_)}).toTensor();
  at::Tensor target = wrap(output);
  if (result.sizes() != target.sizes()) {
    throw std::runtime_error("the network gave " + text(result.sizes()) + ", expected " +
                             text(target.sizes()));
  }
  if (result.scalar_type() != at::kFloat) {
    throw std::runtime_error(std::string("the network gave ") +
                             c10::toString(result.scalar_type()) + ", expected Float");
  }
  target.copy_(result);
}

}  // namespace lungrt::torchscript
