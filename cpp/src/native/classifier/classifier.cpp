#include "native/classifier/classifier.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace lungrt::native {
namespace {

VoxelShape halved(const VoxelShape& shape) {
  return {shape.channels, shape.slices / 2, shape.height / 2, shape.width / 2, Packing::kBlocks};
}

void record(Trace* trace, const std::string& name, VoxelBlock& voxels) {
  if (trace == nullptr) return;
  const VoxelShape& shape = voxels.shape();
  LayerOutput& layer = (*trace)[name];
  layer.shape = {shape.channels, shape.slices, shape.height, shape.width};
  layer.values.clear();
  const bool pairs = shape.packing == Packing::kPairs;
  for (int c = 0; c < shape.channels; ++c) {
    for (int z = 0; z < shape.slices; ++z) {
      for (int y = 0; y < shape.height; ++y) {
        const float* row = pairs ? voxels.row(0, z / 2, y) + z % 2 * (kBlock / 2) + c
                                 : voxels.row(c / kBlock, z, y) + c % kBlock;
        for (int x = 0; x < shape.width; ++x) {
          layer.values.push_back(row[static_cast<std::ptrdiff_t>(x) * shape.pixel_stride()]);
        }
      }
    }
  }
}

}  // namespace

Classifier::Classifier(const ClassifierOptions& options, Tensors& tensors, Algorithm algorithm)
    : options_(options) {
  norm_ = options.tail_batch_norm
              ? take_batch_norm(tensors, "tail_batchnorm", 1, options.batch_norm_eps)
              : identity_norm(1);
  VoxelShape in{1, options.crop[0], options.crop[1], options.crop[2], Packing::kPlanar};
  for (std::size_t b = 0; b < options.widths.size(); ++b) {
    const int channels = options.widths[b];
    VoxelShape inner = in;
    inner.channels = channels;
    // Eight channels or fewer would leave half of each pixel empty, so two slices share it.
    inner.packing = channels <= kBlock / 2 ? Packing::kPairs : Packing::kBlocks;
    const bool at_once =
        inner.packing == Packing::kPairs && Convolution3d::uses_winograd(inner, inner, algorithm);
    const auto convolution = [&](const std::string& layer, const VoxelShape& from, bool pooled) {
      const std::string name = "block" + std::to_string(b + 1) + "." + layer;
      return Convolution3d(
          from, inner, tensors.take(name + ".weight", {channels, from.channels, 3, 3, 3}),
          tensors.take(name + ".bias", {channels}), options.activation, algorithm, pooled);
    };
    Convolution3d first = convolution("conv1", in, false);
    Convolution3d second = convolution("conv2", inner, at_once);
    const VoxelShape pooled = halved(inner);
    blocks_.push_back({in, inner, pooled, at_once, std::move(first), std::move(second)});
    in = pooled;
  }

  // 64 bits: crops that do not fit into memory may have more voxels than an int can count.
  const std::int64_t voxels = std::int64_t{in.slices} * in.height * in.width;
  const std::vector<float>& weight =
      tensors.take("head_linear.weight", {options.out_channels, in.channels * voxels});
  head_bias_ = tensors.take("head_linear.bias", {options.out_channels});
  head_stride_ = static_cast<std::size_t>(in.blocks() * voxels * kBlock);
  head_weights_ = AlignedBuffer(head_stride_ * head_bias_.size());
  for (int o = 0; o < options.out_channels; ++o) {
    float* to = head_weights_.data() + static_cast<std::size_t>(o) * head_stride_;
    for (int c = 0; c < in.channels; ++c) {
      for (std::int64_t v = 0; v < voxels; ++v) {
        to[(c / kBlock * voxels + v) * kBlock + c % kBlock] =
            weight[static_cast<std::size_t>((o * in.channels + c) * voxels + v)];
      }
    }
  }
}

ClassifierRun::ClassifierRun(const Classifier& classifier, const Kernels& kernels)
    : classifier_(classifier),
      kernels_(kernels),
      input_(classifier.blocks().front().in),
      logits_(classifier.head_bias().size()) {
  for (const Classifier::Block& block : classifier.blocks()) {
    Activations& made = activations_.emplace_back();
    made.inner = VoxelBlock(block.inner);
    if (!block.pools_at_once) made.second = VoxelBlock(block.inner);
    made.pooled = VoxelBlock(block.pooled);
    block.first.prepare(scratch_, kernels);
    block.second.prepare(scratch_, kernels);
  }
}

std::int64_t ClassifierRun::bytes(const Classifier& classifier) {
  std::ptrdiff_t floats = VoxelBlock::floats(classifier.blocks().front().in);
  for (const Classifier::Block& block : classifier.blocks()) {
    floats += VoxelBlock::floats(block.inner) * (block.pools_at_once ? 1 : 2);
    floats += VoxelBlock::floats(block.pooled);
  }
  return static_cast<std::int64_t>(floats) * static_cast<std::int64_t>(sizeof(float));
}

void ClassifierRun::run(const float* crop, float* probabilities, Trace* trace) {
  normalise(crop);
  record(trace, "tail_batchnorm", input_);
  VoxelBlock* in = &input_;
  for (std::size_t b = 0; b < activations_.size(); ++b) {
    const Classifier::Block& block = classifier_.blocks()[b];
    Activations& own = activations_[b];
    const std::string name = "block" + std::to_string(b + 1);
    block.first.run(kernels_, *in, own.inner, scratch_);
    record(trace, name + ".conv1", own.inner);
    if (block.pools_at_once) {
      block.second.run(kernels_, own.inner, own.pooled, scratch_);
    } else {
      block.second.run(kernels_, own.inner, own.second, scratch_);
      record(trace, name + ".conv2", own.second);
      pool(own.second, own.pooled);
    }
    record(trace, name, own.pooled);
    in = &own.pooled;
  }
  classify(*in, probabilities);
}

void ClassifierRun::normalise(const float* crop) {
  const VoxelShape& shape = input_.shape();
  const float scale = classifier_.input_scale();
  const float shift = classifier_.input_shift();
  for (int z = 0; z < shape.slices; ++z) {
    for (int y = 0; y < shape.height; ++y, crop += shape.width) {
      kernels_.normalise_row(crop, 1, 1, shape.width, {&scale, &shift}, input_.row(0, z, y), 1);
    }
  }
}

void ClassifierRun::pool(VoxelBlock& from, VoxelBlock& to) {
  const VoxelShape& shape = to.shape();
  const bool pairs = from.shape().packing == Packing::kPairs;
  for (int b = 0; b < from.shape().blocks(); ++b) {
    for (int z = 0; z < shape.slices; ++z) {
      for (int y = 0; y < shape.height; ++y) {
        float* out = to.row(b, z, y);
        if (pairs) {
          const float* rows[2] = {from.row(0, z, 2 * y), from.row(0, z, 2 * y + 1)};
          kernels_.pool_max(rows, 2, out, shape.width);
          kernels_.keep_larger_half(out, shape.width);
        } else {
          const float* rows[4] = {from.row(b, 2 * z, 2 * y), from.row(b, 2 * z, 2 * y + 1),
                                  from.row(b, 2 * z + 1, 2 * y), from.row(b, 2 * z + 1, 2 * y + 1)};
          kernels_.pool_max(rows, 4, out, shape.width);
        }
      }
    }
  }
}

void ClassifierRun::classify(VoxelBlock& features, float* probabilities) {
  const VoxelShape& shape = features.shape();
  std::copy(classifier_.head_bias().begin(), classifier_.head_bias().end(), logits_.begin());
  const float* weights = classifier_.head_weights();
  const auto outputs = static_cast<int>(logits_.size());
  for (int b = 0; b < shape.blocks(); ++b) {
    for (int z = 0; z < shape.slices; ++z) {
      for (int y = 0; y < shape.height; ++y, weights += shape.width * kBlock) {
        kernels_.dot(features.row(b, z, y), shape.width, weights, classifier_.head_stride(),
                     outputs, logits_.data());
      }
    }
  }
  // A NaN among the logits makes the sum NaN, and thereby every probability.
  const float largest = *std::max_element(logits_.begin(), logits_.end());
  float sum = 0.0F;
  for (std::size_t k = 0; k < logits_.size(); ++k) {
    probabilities[k] = std::exp(logits_[k] - largest);
    sum += probabilities[k];
  }
  for (std::size_t k = 0; k < logits_.size(); ++k) probabilities[k] /= sum;
}

}  // namespace lungrt::native
