#include "backend/torchscript/normalized_convolution.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "backend/torchscript/channels_last.h"

namespace lungrt::torchscript {
namespace {

using mkldnn_convolution::add_convolution;
using mkldnn_convolution::convolve;

constexpr at::MemoryFormat kChannelsLast = at::MemoryFormat::ChannelsLast;

/// Tensors whose channels lie one after the other, read a pixel at a time and normalised.
class Pixels {
 public:
  Pixels(const std::vector<at::Tensor>& parts, const at::Tensor& scale, const at::Tensor& shift)
      : height_(parts[0].size(2)), width_(parts[0].size(3)) {
    const float* next_scale = scale.const_data_ptr<float>();
    const float* next_shift = shift.const_data_ptr<float>();
    for (const at::Tensor& part : parts) {
      held_.push_back(part.contiguous(kChannelsLast));
      parts_.push_back(
          {held_.back().const_data_ptr<float>(), next_scale, next_shift, part.size(1)});
      next_scale += part.size(1);
      next_shift += part.size(1);
    }
  }

  /// Leaves alone what lies outside of the image.
  void normalize(std::int64_t image, std::int64_t y, std::int64_t x, float* to) const {
    if (y < 0 || y >= height_ || x < 0 || x >= width_) return;
    const std::int64_t pixel = (image * height_ + y) * width_ + x;
    for (const Part& part : parts_) {
      const float* values = part.values + pixel * part.channels;
      for (std::int64_t c = 0; c < part.channels; ++c) {
        to[c] = values[c] * part.scale[c] + part.shift[c];
      }
      to += part.channels;
    }
  }

 private:
  struct Part {
    const float* values;
    const float* scale;
    const float* shift;
    std::int64_t channels;
  };

  std::int64_t height_, width_;
  std::vector<at::Tensor> held_;
  std::vector<Part> parts_;
};

at::Tensor per_input(const at::Tensor& values) {
  return values.to(at::kDouble).view({1, -1, 1, 1});
}

}  // namespace

NormalizedConvolution::NormalizedConvolution(const Plain& plain,
                                             const std::vector<std::int64_t>& channels,
                                             mkldnn_convolution::Geometry geometry, bool relu)
    : geometry_(std::move(geometry)), relu_(relu), bias_(plain.bias) {
  at::Tensor folded = plain.weight;
  if (plain.scale.defined()) {
    const at::Tensor exact = plain.weight.to(at::kDouble);
    const at::Tensor plain_bias =
        plain.bias.defined() ? plain.bias : at::zeros({plain.weight.size(0)});
    folded = (exact * per_input(plain.scale)).to(at::kFloat);
    bias_ = (plain_bias + (exact * per_input(plain.shift)).sum({1, 2, 3})).to(at::kFloat);
    if (geometry_.padding[0] > 0 || geometry_.padding[1] > 0) {
      scale_ = plain.scale.to(at::kFloat).contiguous();
      shift_ = plain.shift.to(at::kFloat).contiguous();
      border_weight_ = channels_last(plain.weight);
      turned_weight_ = channels_last(plain.weight.transpose(2, 3));
      border_bias_ = plain_bias;
    }
  }
  std::int64_t first = 0;
  for (const std::int64_t count : channels) {
    weights_.push_back(channels_last(folded.narrow(1, first, count)));
    first += count;
  }
}

at::Tensor NormalizedConvolution::operator()(const std::vector<at::Tensor>& parts) const {
  const std::size_t last = parts.size() - 1;
  at::Tensor out = convolve(parts[0], weights_[0], bias_, geometry_, relu_ && last == 0);
  for (std::size_t i = 1; i <= last; ++i) {
    add_convolution(out, parts[i], weights_[i], geometry_, relu_ && i == last);
  }
  if (!scale_.defined()) return out;
  out = out.contiguous(kChannelsLast);
  repair_edges(out, parts, false);
  repair_edges(out, parts, true);
  return out;
}

void NormalizedConvolution::repair_edges(at::Tensor& out, const std::vector<at::Tensor>& parts,
                                         bool turned) const {
  const std::int64_t across = turned ? 1 : 0, along = 1 - across;  // of rows and columns
  const std::int64_t lines = out.size(2 + across), length = out.size(2 + along);
  const std::int64_t padding = geometry_.padding[across], repaired = std::min(padding, lines);
  if (repaired == 0) return;
  const at::Tensor& weight = turned ? turned_weight_ : border_weight_;
  const std::int64_t inputs = weight.size(1), outputs = weight.size(0);
  const std::int64_t read = repaired + weight.size(2) - 1;
  const std::int64_t read_length = parts[0].size(2 + along);
  const std::array<std::int64_t, 2> firsts = {0, lines - repaired};

  // Both edges of every image; what lies outside stays zero.
  at::Tensor strips = at::zeros({2 * out.size(0), read, read_length, inputs});
  const Pixels pixels(parts, scale_, shift_);
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
          const std::int64_t y = turned ? j : i, x = turned ? i : j;
          std::copy_n(from, outputs,
                      pixels_out + ((image * out.size(2) + y) * out.size(3) + x) * outputs);
        }
      }
    }
  }
}

}  // namespace lungrt::torchscript
