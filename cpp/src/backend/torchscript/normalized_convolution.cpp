#include "backend/torchscript/normalized_convolution.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

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

/// Images with fewer pixels are normalised before they are convolved.
constexpr std::int64_t kLargePixels = 40'000;

/// Reads a tensor pixel by pixel and normalises it.
class Pixels {
 public:
  Pixels(const at::Tensor& part, const at::Tensor& scale, const at::Tensor& shift)
      : channels_(part.size(1)),
        height_(part.size(2)),
        width_(part.size(3)),
        part_(part.contiguous(kChannelsLast)),
        values_(part_.const_data_ptr<float>()),
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
  at::Tensor part_;
  const float *values_, *scale_, *shift_;
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
      shift_within_bias_ =
          (exact * per_input(plain.shift)).sum(1).permute({1, 2, 0}).to(at::kFloat).contiguous();
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
  if (last == 0 && scale_.defined() && parts[0].size(2) * parts[0].size(3) < kLargePixels) {
    const at::Tensor normalized =
        at::batch_norm(parts[0], scale_, shift_, at::zeros_like(shift_), at::ones_like(scale_),
                       /*training=*/false, /*momentum=*/0, /*eps=*/0, /*cudnn_enabled=*/false);
    return convolve(normalized, border_weight_, border_bias_, geometry_, relu_);
  }
  at::Tensor out = convolve(parts[0], weights_[0], bias_, geometry_, relu_ && last == 0);
  if (scale_.defined()) out = out.contiguous(kChannelsLast);
  if (scale_.defined() && last > 0) remove_padding(out);
  for (std::size_t i = 1; i <= last; ++i) {
    add_convolution(out, parts[i], weights_[i], geometry_, relu_ && i == last);
  }
  if (scale_.defined() && last == 0) {
    repair_edges(out, parts[0], false);
    repair_edges(out, parts[0], true);
  }
  return out;
}

void NormalizedConvolution::remove_padding(at::Tensor& out) const {
  const std::int64_t channels = out.size(1), height = out.size(2), width = out.size(3);
  const std::int64_t rows = shift_within_bias_.size(0), columns = shift_within_bias_.size(1);
  const std::int64_t above = geometry_.padding[0], left = geometry_.padding[1];
  const std::int64_t read_height = height + rows - 1 - 2 * above;
  const std::int64_t read_width = width + columns - 1 - 2 * left;
  float* pixel = out.mutable_data_ptr<float>();
  for (std::int64_t row = 0; row < out.size(0) * height; ++row) {
    const std::int64_t y = row % height;
    const bool whole_row = y < above || y >= height - above;
    for (std::int64_t x = 0; x < width; ++x, pixel += channels) {
      if (!whole_row && x >= left && x < width - left) continue;
      const float* shift = shift_within_bias_.const_data_ptr<float>();
      for (std::int64_t i = y - above; i < y - above + rows; ++i) {
        for (std::int64_t j = x - left; j < x - left + columns; ++j, shift += channels) {
          if (i >= 0 && i < read_height && j >= 0 && j < read_width) continue;
          for (std::int64_t c = 0; c < channels; ++c) pixel[c] -= shift[c];
        }
      }
    }
  }
}

void NormalizedConvolution::repair_edges(at::Tensor& out, const at::Tensor& part,
                                         bool turned) const {
  const std::int64_t across = turned ? 1 : 0, along = 1 - across;  // axes: 0 rows, 1 columns
  const std::int64_t lines = out.size(2 + across), length = out.size(2 + along);
  const std::int64_t padding = geometry_.padding[across], repaired = std::min(padding, lines);
  if (repaired == 0) return;
  const at::Tensor& weight = turned ? turned_weight_ : border_weight_;
  const std::int64_t inputs = weight.size(1), outputs = weight.size(0);
  const std::int64_t read = repaired + weight.size(2) - 1;
  const std::int64_t read_length = part.size(2 + along);
  const std::array<std::int64_t, 2> firsts = {0, lines - repaired};

  // Both edges of every image; pixels outside of the image stay zero.
  at::Tensor strips = at::zeros({2 * out.size(0), read, read_length, inputs});
  const Pixels pixels(part, scale_, shift_);
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
