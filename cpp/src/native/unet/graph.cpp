#include "native/unet/graph.h"

#include <utility>

namespace lungrt::native {
namespace {

/// Pixels per axis, at a level's resolution, that unpadded convolutions at this level and below
/// remove.
int lost_below(const UnetOptions& options, std::size_t level) {
  if (options.padding) return 0;
  if (level + 1 == options.widths.size()) return 4;
  return 4 + 2 * lost_below(options, level + 1) + 4;
}

/// Additional border that an unpadded network with four or more levels crops from its output.
int trim_of(const UnetOptions& options) {
  return !options.padding && options.widths.size() > 3 ? 2 : 0;
}

/// Channels of every convolution; see UnetOptions::convolution_widths.
std::vector<int> all_widths(const UnetOptions& options) {
  if (!options.convolution_widths.empty()) return options.convolution_widths;
  std::vector<int> result;
  for (const int width : options.widths) result.insert(result.end(), 2, width);
  for (std::size_t level = options.widths.size() - 1; level-- > 0;) {
    result.insert(result.end(), 3, options.widths[level]);
  }
  return result;
}

/// Least number of input channels for Winograd's algorithm: with fewer, the transform takes longer
/// than the products that it saves.
constexpr int kFewestWinogradChannels = 3;

}  // namespace

UnetGraph::UnetGraph(const UnetOptions& options, Tensors& tensors, Algorithm algorithm)
    : options_(options), algorithm_(algorithm) {
  input_norm_ =
      options.input_batch_norm
          ? take_batch_norm(tensors, "input_batchnorm", options.in_channels, options.batch_norm_eps)
          : identity_norm(options.in_channels);
  UnetNode input{.kind = UnetNode::Kind::kInput, .name = "input_batchnorm"};
  input.channels = options.in_channels;
  int node = add(std::move(input));

  const std::vector<int> widths = all_widths(options);
  const int* next = widths.data();
  std::vector<int> skips;
  for (std::size_t level = 0; level < options.widths.size(); ++level) {
    if (level > 0) {
      UnetNode pool{.kind = UnetNode::Kind::kPool, .name = ""};
      pool.channels = this->node(node).channels;
      pool.inputs = {{node, 0}};
      node = add(std::move(pool));
    }
    node = block("unet.down_path." + std::to_string(level), {{node, 0}}, next, tensors);
    next += 2;
    skips.push_back(node);
  }
  for (std::size_t up = 0; up + 1 < options.widths.size(); ++up) {
    const std::size_t level = options.widths.size() - 2 - up;
    const std::string name = "unet.up_path." + std::to_string(up);
    const int risen = up_sampling(name + ".up", node, *next, tensors);
    const Edge skip{skips[level], lost_below(options, level + 1)};
    node = block(name + ".conv_block", {{risen, 0}, skip}, next + 1, tensors);
    next += 3;
  }
  last(node, tensors);
}

int UnetGraph::halo() const {
  return options_.padding ? 0 : lost_below(options_, 0) / 2 + trim_of(options_);
}

bool UnetGraph::takes(std::int64_t height, std::int64_t width) const {
  const auto fits = [this](std::int64_t size) {
    constexpr std::int64_t kMost = 1 << 20;  // more than any slice has, and its square fits 64 bits
    const std::int64_t inner = size - 2 * halo();
    return inner > 0 && size <= kMost && inner % size_multiple() == 0;
  };
  return fits(height) && fits(width);
}

int UnetGraph::pixel_stride(int index) const {
  const UnetNode& node = this->node(index);
  const bool few = node.kind == UnetNode::Kind::kInput && node.channels <= kBlock / 2;
  return few ? kBlock / 2 : kBlock;
}

int UnetGraph::add(UnetNode node) {
  nodes_.push_back(std::move(node));
  return static_cast<int>(nodes_.size()) - 1;
}

std::vector<int> UnetGraph::parts_of(const std::vector<Edge>& inputs) const {
  std::vector<int> parts;
  for (const Edge& edge : inputs) {
    const int channels = node(edge.node).channels;
    for (int b = 0; b < blocks_of(channels); ++b) parts.push_back(channels_of_block(channels, b));
  }
  return parts;
}

int UnetGraph::convolution(const std::string& weights, const std::string& norm,
                           const std::string& name, std::vector<Edge> inputs, int channels,
                           Tensors& tensors) {
  int in_channels = 0;
  for (const Edge& edge : inputs) in_channels += node(edge.node).channels;
  const std::vector<float>& kernel =
      tensors.take(weights + ".weight", {channels, in_channels, 3, 3});
  const std::vector<float>& bias = tensors.take(weights + ".bias", {channels});
  const BatchNorm epilogue = options_.batch_norm
                                 ? take_batch_norm(tensors, norm, channels, options_.batch_norm_eps)
                                 : identity_norm(channels);

  const std::vector<int> parts = parts_of(inputs);
  std::vector<int> first_channel;
  for (int first = 0; const int part : parts) {
    first_channel.push_back(first);
    first += part;
  }
  const auto kernel_of = [&](int lane, std::size_t part, int channel) {
    const int from = first_channel[part] + channel;
    return kernel.data() + (static_cast<std::size_t>(lane) * static_cast<std::size_t>(in_channels) +
                            static_cast<std::size_t>(from)) *
                               9;
  };

  UnetNode node{.kind = UnetNode::Kind::kConvolution, .name = name};
  node.channels = channels;
  node.winograd = algorithm_ == Algorithm::kWinograd && in_channels >= kFewestWinogradChannels;
  // Where the input has few channels, two strips share the lanes, of which one strip would leave
  // half empty.
  const bool pair = node.winograd && pixel_stride(inputs.front().node) != kBlock;
  node.rows_per_step = pair ? 2 * kTile : kTile;
  if (node.winograd) {
    node.product = PackedProduct(
        channels, parts, kPositions, [&](int part, int channel, int lane, float* values) {
          transform_kernel(kernel_of(lane, static_cast<std::size_t>(part), channel), values);
        });
  } else {
    std::vector<int> segments;  // for each part, the nine taps row by row
    for (const int part : parts) segments.insert(segments.end(), 9, part);
    node.product =
        PackedProduct(channels, segments, 1, [&](int segment, int channel, int lane, float* value) {
          *value = kernel_of(lane, static_cast<std::size_t>(segment / 9), channel)[segment % 9];
        });
  }
  for (int c = 0; c < channels; ++c) {
    const auto at = static_cast<std::size_t>(c);
    node.product.set_epilogue(c, bias[at], epilogue.scale[at], epilogue.shift[at]);
  }
  node.product.set_activation(options_.activation);
  node.inputs = std::move(inputs);
  return add(std::move(node));
}

int UnetGraph::block(const std::string& name, std::vector<Edge> inputs, const int* widths,
                     Tensors& tensors) {
  // Twice: convolution, activation and, if the network has them, batch norm.
  const int layers = options_.batch_norm ? 3 : 2;
  int node = -1;
  for (int half = 0; half < 2; ++half) {
    const auto layer = [&](int index) {
      return name + ".block." + std::to_string(half * layers + index);
    };
    if (half == 1) inputs = {{node, 0}};
    node = convolution(layer(0), layer(2), layer(layers - 1), inputs, widths[half], tensors);
  }
  return node;
}

int UnetGraph::up_sampling(const std::string& name, int below, int channels, Tensors& tensors) {
  const int in_channels = node(below).channels;
  const std::vector<int> parts = parts_of({{below, 0}});
  if (options_.bilinear) {
    // The 1 x 1 convolution and the interpolation commute; in this order the convolution has only a
    // quarter of the pixels.
    const std::vector<float>& weight =
        tensors.take(name + ".1.weight", {channels, in_channels, 1, 1});
    const std::vector<float>& bias = tensors.take(name + ".1.bias", {channels});
    UnetNode pointwise{.kind = UnetNode::Kind::kPointwise, .name = ""};
    pointwise.channels = channels;
    pointwise.inputs = {{below, 0}};
    pointwise.product =
        PackedProduct(channels, parts, 1, [&](int part, int channel, int lane, float* value) {
          *value = weight[static_cast<std::size_t>(lane * in_channels + part * kBlock + channel)];
        });
    for (int c = 0; c < channels; ++c) {
      pointwise.product.set_epilogue(c, bias[static_cast<std::size_t>(c)]);
    }
    UnetNode upsample{.kind = UnetNode::Kind::kUpsample, .name = name};
    upsample.channels = channels;
    upsample.inputs = {{add(std::move(pointwise)), 0}};
    return add(std::move(upsample));
  }

  const std::vector<float>& weight = tensors.take(name + ".weight", {in_channels, channels, 2, 2});
  const std::vector<float>& bias = tensors.take(name + ".bias", {channels});
  // Four products, one for each output pixel of an input pixel: each block of channels becomes four
  // blocks.
  const auto channel_of = [](int lane) { return lane / (4 * kBlock) * kBlock + lane % kBlock; };
  const int lanes = 4 * blocks_of(channels) * kBlock;
  UnetNode up{.kind = UnetNode::Kind::kUpConvolution, .name = name};
  up.channels = channels;
  up.inputs = {{below, 0}};
  up.product = PackedProduct(lanes, parts, 1, [&](int part, int channel, int lane, float* value) {
    const int to = channel_of(lane);
    const int from = part * kBlock + channel;
    const int tap = lane / kBlock % 4;
    *value = to < channels ? weight[static_cast<std::size_t>((from * channels + to) * 4 + tap)] : 0;
  });
  for (int lane = 0; lane < lanes; ++lane) {
    const int to = channel_of(lane);
    if (to < channels) up.product.set_epilogue(lane, bias[static_cast<std::size_t>(to)]);
  }
  return add(std::move(up));
}

void UnetGraph::last(int below, Tensors& tensors) {
  const int channels = node(below).channels;
  const int outputs = options_.out_channels;
  const std::vector<float>& weight = tensors.take("unet.last.weight", {outputs, channels, 1, 1});
  last_bias_ = tensors.take("unet.last.bias", {outputs});
  const int lanes = blocks_of(channels) * kBlock;
  last_weights_ = AlignedBuffer(static_cast<std::size_t>(outputs * lanes));
  for (int o = 0; o < outputs; ++o) {
    for (int c = 0; c < channels; ++c) {
      last_weights_.data()[o * lanes + c] = weight[static_cast<std::size_t>(o * channels + c)];
    }
  }
  UnetNode probability{.kind = UnetNode::Kind::kProbability, .name = ""};
  probability.channels = 1;
  probability.inputs = {{below, trim_of(options_)}};
  add(std::move(probability));
}

}  // namespace lungrt::native
