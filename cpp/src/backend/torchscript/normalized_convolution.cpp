#include "backend/torchscript/normalized_convolution.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lungrt::torchscript {
namespace {

using c10::IValue;

constexpr at::MemoryFormat kChannelsLast = at::MemoryFormat::ChannelsLast;

/// Images with fewer pixels are normalised before they are convolved.
constexpr std::int64_t kLargePixels = 40'000;

/// oneDNN's convolution with a fused operation, which torch's public functions lack.
std::optional<c10::OperatorHandle> pointwise() {
  return c10::Dispatcher::singleton().findSchema({"mkldnn::_convolution_pointwise", ""});
}

/// Computes convolution(x, weight, bias), followed by a ReLU if `relu`. Calls the function by its
/// schema and not by a C++ type, since it is not part of torch's API.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    const ConvolutionGeometry& geometry, bool relu) {
  constexpr std::int64_t kGroups = 1;
  std::vector<IValue> stack = {x,
                               weight,
                               bias,
                               geometry.padding,
                               geometry.stride,
                               geometry.dilation,
                               kGroups,
                               std::string(relu ? "relu" : "none"),
                               c10::List<std::optional<at::Scalar>>(),
                               IValue()};
  pointwise().value().callBoxed(&stack);
  return std::move(stack.front()).toTensor();
}

/// Reads a tensor pixel by pixel and normalises it.
class Pixels {
 public:
  Pixels(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift)
      : channels_(x.size(1)),
        height_(x.size(2)),
        width_(x.size(3)),
        x_(x.contiguous(kChannelsLast)),
        values_(x_.const_data_ptr<float>()),
        scale_(scale.const_data_ptr<float>()),
        shift_(shift.const_data_ptr<float>()) {}

  /// Writes a normalised pixel; writes nothing for pixels outside of the image.
  void normalize(std::int64_t image, std::int64_t y, std::int64_t x, float* to) const {
    if (y < 0 || y >= height_ || x < 0 || x >= width_) return;
    const float* values = values_ + ((image * height_ + y) * width_ + x) * channels_;
    for (std::int64_t c = 0; c < channels_; ++c) to[c] = values[c] * scale_[c] + shift_[c];
  }

 private:
  std::int64_t channels_, height_, width_;
  at::Tensor x_;
  const float *values_, *scale_, *shift_;
};

at::Tensor per_input(const at::Tensor& values) {
  return values.to(at::kDouble).view({1, -1, 1, 1});
}

}  // namespace

bool NormalizedConvolution::is_available() {
  const auto function = pointwise();
  return function && function->schema().arguments().size() == 10;
}

NormalizedConvolution::NormalizedConvolution(const Plain& plain, ConvolutionGeometry geometry,
                                             bool relu)
    : geometry_(std::move(geometry)), relu_(relu) {
  const at::Tensor exact = plain.weight.to(at::kDouble);
  const at::Tensor plain_bias =
      plain.bias.defined() ? plain.bias : at::zeros({plain.weight.size(0)});
  weight_ = (exact * per_input(plain.scale)).to(at::kFloat).contiguous(kChannelsLast);
  bias_ = (plain_bias + (exact * per_input(plain.shift)).sum({1, 2, 3})).to(at::kFloat);
  if (geometry_.padding[0] > 0 || geometry_.padding[1] > 0) {
    scale_ = plain.scale.to(at::kFloat).contiguous();
    shift_ = plain.shift.to(at::kFloat).contiguous();
    border_weight_ = plain.weight.contiguous(kChannelsLast);
    turned_weight_ = plain.weight.transpose(2, 3).contiguous(kChannelsLast);
    border_bias_ = plain_bias;
  }
}

at::Tensor NormalizedConvolution::operator()(const at::Tensor& x) const {
  if (!scale_.defined()) return convolve(x, weight_, bias_, geometry_, relu_);
  if (x.size(2) * x.size(3) < kLargePixels) {
    const at::Tensor normalized =
        at::batch_norm(x, scale_, shift_, at::zeros_like(shift_), at::ones_like(scale_),
                       /*training=*/false, /*momentum=*/0, /*eps=*/0, /*cudnn_enabled=*/false);
    return convolve(normalized, border_weight_, border_bias_, geometry_, relu_);
  }
  at::Tensor out = convolve(x, weight_, bias_, geometry_, relu_).contiguous(kChannelsLast);
  repair_edges(out, x, false);
  repair_edges(out, x, true);
  return out;
}

void NormalizedConvolution::repair_edges(at::Tensor& out, const at::Tensor& x, bool turned) const {
  const std::int64_t across = turned ? 1 : 0, along = 1 - across;  // axes: 0 rows, 1 columns
  const std::int64_t lines = out.size(2 + across), length = out.size(2 + along);
  const std::int64_t padding = geometry_.padding[across], repaired = std::min(padding, lines);
  if (repaired == 0) return;
  const at::Tensor& weight = turned ? turned_weight_ : border_weight_;
  const std::int64_t inputs = weight.size(1), outputs = weight.size(0);
  const std::int64_t read = repaired + weight.size(2) - 1;
  const std::int64_t read_length = x.size(2 + along);
  const std::array<std::int64_t, 2> firsts = {0, lines - repaired};

  // Both edges of every image; pixels outside of the image stay zero.
  at::Tensor strips = at::zeros({2 * out.size(0), read, read_length, inputs});
  const Pixels pixels(x, scale_, shift_);
  float* to = strips.mutable_data_ptr<float>();
  for (std::int64_t image = 0; image < out.size(0); ++image) {
    for (const std::int64_t first : firsts) {
      for (std::int64_t i = first - padding; i < first - padding + read; ++i) {
        for (std::int64_t j = 0; j < read_length; ++j, to += inputs) {
          pixels.normalize(image, turned ? j : i, turned ? i : j, to);
        }
      }
    }
  }

  const at::Tensor edges =
      convolve(strips.permute({0, 3, 1, 2}), weight, border_bias_,
               {.stride = {1, 1}, .padding = {0, geometry_.padding[along]}, .dilation = {1, 1}},
               relu_)
          .contiguous(kChannelsLast);
  const float* from = edges.const_data_ptr<float>();
  float* pixels_out = out.mutable_data_ptr<float>();
  for (std::int64_t image = 0; image < out.size(0); ++image) {
    for (const std::int64_t first : firsts) {
      for (std::int64_t i = first; i < first + repaired; ++i) {
        for (std::int64_t j = 0; j < length; ++j, from += outputs) {
          const std::int64_t row = turned ? j : i, column = turned ? i : j;
          std::copy_n(from, outputs,
                      pixels_out + ((image * out.size(2) + row) * out.size(3) + column) * outputs);
        }
      }
    }
  }
}

}  // namespace lungrt::torchscript
