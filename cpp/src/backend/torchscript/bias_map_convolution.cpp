#include "backend/torchscript/bias_map_convolution.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_convolution.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/zeros.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "backend/torchscript/memory_format.h"

namespace lungrt::torchscript {
namespace {

at::ScalarType type_of(LungrtPrecision precision) {
  if (precision == kLungrtBf16) return at::kBFloat16;
  return precision == kLungrtFp16 ? at::kHalf : at::kFloat;
}

/// Repeats the line in the middle of an axis until the axis has this length.
at::Tensor stretched(const at::Tensor& lines, std::int64_t axis, std::int64_t length) {
  const std::int64_t border = lines.size(axis) / 2;
  std::vector<std::int64_t> inside(lines.sizes().begin(), lines.sizes().end());
  inside[static_cast<std::size_t>(axis)] = length - 2 * border;
  return at::cat({lines.narrow(axis, 0, border), lines.narrow(axis, border, 1).expand(inside),
                  lines.narrow(axis, border + 1, border)},
                 axis);
}

}  // namespace

BiasMapConvolution::BiasMapConvolution(const NormalizedConvolution::Plain& plain,
                                       ConvolutionGeometry geometry, bool relu,
                                       LungrtPrecision precision, bool channels_last)
    : geometry_(std::move(geometry)),
      relu_(relu),
      tf32_(precision == kLungrtTf32),
      channels_last_(channels_last),
      shift_(plain.shift.to(at::kCPU, at::kDouble)),
      exact_weight_(plain.weight.to(at::kCPU, at::kDouble)),
      exact_bias_(plain.bias.defined() ? plain.bias.to(at::kCPU, at::kDouble)
                                       : at::zeros({plain.weight.size(0)}, at::kDouble)) {
  const at::Device device = plain.weight.device();
  const at::Tensor scale = plain.scale.to(at::kCPU, at::kDouble).view({1, -1, 1, 1});
  weight_ = laid_out((exact_weight_ * scale).to(type_of(precision)), channels_last).to(device);
  // As many rows and columns as the kernel spans.
  const auto spanned = [this](std::int64_t axis) {
    return (exact_weight_.size(2 + axis) - 1) * geometry_.dilation[static_cast<std::size_t>(axis)] +
           1;
  };
  edges_ = map_of(spanned(0), spanned(1)).to(device, weight_.scalar_type());
  if (channels_last_) edges_ = edges_.permute({0, 2, 3, 1}).contiguous();
}

at::Tensor BiasMapConvolution::map_of(std::int64_t height, std::int64_t width) const {
  const at::Tensor constant =
      shift_.view({1, -1, 1, 1}).expand({1, shift_.numel(), height, width}).contiguous();
  return at::conv2d(constant, exact_weight_, exact_bias_, geometry_.stride, geometry_.padding,
                    geometry_.dilation);
}

at::Tensor BiasMapConvolution::composed(std::int64_t height, std::int64_t width) const {
  const std::int64_t rows = channels_last_ ? 1 : 2, columns = rows + 1;
  at::Tensor map = edges_;
  if (map.size(rows) > 1) map = stretched(map, rows, height);
  if (map.size(columns) > 1) map = stretched(map, columns, width);
  return channels_last_ ? map.permute({0, 3, 1, 2}) : map;  // axes of length 1 are broadcast
}

at::Tensor BiasMapConvolution::operator()(const at::Tensor& x) const {
  const bool padded = geometry_.padding[0] > 0 || geometry_.padding[1] > 0;
  // In an image smaller than the kernel, a window may leave the image on both sides at once.
  const bool small = x.size(2) < weight_.size(2) || x.size(3) < weight_.size(3);
  at::Tensor out = at::_convolution(
      x.to(weight_.scalar_type()), weight_, {}, geometry_.stride, geometry_.padding,
      geometry_.dilation, /*transposed=*/false, /*output_padding=*/{0, 0}, /*groups=*/1,
      /*benchmark=*/false, /*deterministic=*/true, /*cudnn_enabled=*/true, tf32_);
  out.add_(padded && small ? map_of(x.size(2), x.size(3)).to(out.device(), out.scalar_type())
                           : composed(out.size(2), out.size(3)));
  return relu_ ? out.relu_() : out;
}

}  // namespace lungrt::torchscript
