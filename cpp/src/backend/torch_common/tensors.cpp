#include "backend/torch_common/tensors.h"

#include <ATen/ops/from_blob.h>

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace lungrt::torch_common {
namespace {

std::string text(c10::IntArrayRef shape) {
  std::ostringstream stream;
  stream << shape;
  return stream.str();
}

}  // namespace

at::Tensor wrap(const LungrtTensor& tensor) {
  const c10::IntArrayRef shape(tensor.shape, static_cast<std::size_t>(tensor.rank));
  const c10::Device device =
      tensor.cuda != 0 ? c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(tensor.device_index))
                       : c10::Device(c10::kCPU);
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
  // With the device given, torch does not query the driver for every pointer.
  at::TensorMaker maker = at::for_blob(tensor.data, shape);
  maker.options(options).target_device(device);
  if (tensor.channels_last == 0) return maker.make_tensor();
  // Strides of channels-last memory for any rank: channels 1, the spatial axes in units of
  // channels.
  std::vector<std::int64_t> strides(static_cast<std::size_t>(tensor.rank));
  std::int64_t stride = tensor.shape[1];
  for (std::size_t axis = strides.size() - 1; axis >= 2; --axis) {
    strides[axis] = stride;
    stride *= tensor.shape[axis];
  }
  strides[1] = 1;
  strides[0] = stride;
  return maker.strides(strides).make_tensor();
}

void copy_result(const at::Tensor& result, const LungrtTensor& output) {
  at::Tensor target = wrap(output);
  if (result.sizes() != target.sizes()) {
    throw std::runtime_error("the network returned " + text(result.sizes()) + ", expected " +
                             text(target.sizes()));
  }
  if (result.scalar_type() != at::kFloat) {
    throw std::runtime_error(std::string("the network returned ") +
                             c10::toString(result.scalar_type()) + ", expected Float");
  }
  target.copy_(result);
}

}  // namespace lungrt::torch_common
