#include "native/unet_run.h"

#include <algorithm>
#include <cstring>

namespace lungrt::native {
namespace {

constexpr int kStripRows = kTile + 2;  ///< of input, for kTile of output

std::size_t row_floats(int width, int pixel_stride) {
  return static_cast<std::size_t>(1 + width + kRowSlack) * static_cast<std::size_t>(pixel_stride);
}

int tiles_of(int width) { return (width + kTile - 1) / kTile; }

}  // namespace

RowRing::RowRing(int blocks, const Extent& extent, int pixel_stride)
    : blocks_(blocks),
      capacity_(std::max(extent.kept_rows, 1)),
      width_(extent.width),
      pixel_stride_(pixel_stride),
      row_floats_(row_floats(extent.width, pixel_stride)),
      // One row more: the slack of the last one.
      buffer_(row_floats_ * static_cast<std::size_t>(capacity_ * blocks + 1)) {}

void RowRing::clear_right_edge(int y) {
  for (int b = 0; b < blocks_; ++b) {
    std::memset(row(b, y) + static_cast<std::ptrdiff_t>(width_) * pixel_stride_, 0,
                static_cast<std::size_t>(pixel_stride_) * sizeof(float));
  }
}

UnetRun::UnetRun(const UnetGraph& graph, const Kernels& kernels, int height, int width)
    : graph_(graph),
      kernels_(kernels),
      height_(height),
      width_(width),
      schedule_(graph, height, width) {
  std::size_t most_parts = 1;
  std::size_t most_blocks = 1;
  int most_width = width;
  for (int index = 0; const UnetNode& node : graph.nodes()) {
    rings_.emplace_back(blocks_of(node.channels), extent(index), graph.pixel_stride(index));
    most_width = std::max(most_width, extent(index).width);
    std::size_t parts = 0;
    for (const Edge& edge : node.inputs) {
      parts += static_cast<std::size_t>(blocks_of(graph.node(edge.node).channels));
    }
    most_parts = std::max(most_parts, parts);
    most_blocks = std::max(most_blocks, static_cast<std::size_t>(4 * blocks_of(node.channels)));
    ++index;
  }
  zeros_ = AlignedBuffer(row_floats(most_width, kBlock));
  unused_row_ = AlignedBuffer(row_floats(most_width, kBlock));
  const auto chunk = static_cast<std::size_t>(kernels.chunk_tiles + kTileSlack);
  transformed_ = AlignedBuffer(most_parts * chunk * kTransformedTile);
  sums_ = AlignedBuffer(kPositions * (chunk + 1) * kBlock);
  in_rows_.resize(most_parts * 2 * kStripRows);
  out_rows_.resize(most_blocks * 2 * kTile);
  segments_.resize(most_parts * 9);
}

void UnetRun::run(const float* slice, float* probability, Trace* trace) {
  for (const Step& step : schedule_.steps()) {
    execute(step, slice, probability);
    if (trace != nullptr) record(step, *trace);
  }
}

void UnetRun::execute(const Step& step, const float* slice, float* probability) {
  const UnetNode& node = graph_.node(step.node);
  const int end = std::min(step.first_row + node.rows_per_step, extent(step.node).height);
  switch (node.kind) {
    case UnetNode::Kind::kInput:
      normalise(step, slice);
      break;
    case UnetNode::Kind::kConvolution:
      convolve(step);
      break;
    case UnetNode::Kind::kUpConvolution:
      up_convolve(step);
      break;
    case UnetNode::Kind::kPool:
      for (int y = step.first_row; y < end; ++y) pool(step, y);
      break;
    case UnetNode::Kind::kPointwise:
      for (int y = step.first_row; y < end; ++y) pointwise(step, y);
      break;
    case UnetNode::Kind::kUpsample:
      for (int y = step.first_row; y < end; ++y) upsample(step, y);
      break;
    case UnetNode::Kind::kProbability:
      for (int y = step.first_row; y < end; ++y) write_probability(step, y, probability);
      return;
  }
  for (int y = step.first_row; y < end; ++y) ring(step.node).clear_right_edge(y);
}

const float* UnetRun::input_row(int node, int block, int y) {
  if (y < 0 || y >= extent(node).height) return zeros_.data() + kBlock;
  return ring(node).row(block, y);
}

float* UnetRun::output_row(int node, int block, int y) {
  return y < extent(node).height ? ring(node).row(block, y) : unused_row_.data() + kBlock;
}

void UnetRun::normalise(const Step& step, const float* slice) {
  const int channels = graph_.options().in_channels;
  const int stride = graph_.pixel_stride(step.node);
  const BatchNorm& norm = graph_.input_norm();
  const int end = std::min(step.first_row + graph_.node(step.node).rows_per_step, height_);
  for (int y = step.first_row; y < end; ++y) {
    const float* row = slice + static_cast<std::ptrdiff_t>(y) * width_ * channels;
    for (int b = 0; b < blocks_of(channels); ++b) {
      const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(b) * kBlock;
      kernels_.normalise_row(row + first, channels, channels_of_block(channels, b), width_,
                             {norm.scale.data() + first, norm.shift.data() + first},
                             ring(step.node).row(b, y), stride);
    }
  }
}

void UnetRun::convolve(const Step& step) {
  const UnetNode& node = graph_.node(step.node);
  if (!node.winograd) {
    const int end = std::min(step.first_row + node.rows_per_step, extent(step.node).height);
    for (int y = step.first_row; y < end; ++y) convolve_row(node, step.node, y);
  } else if (node.rows_per_step == kTile) {
    convolve_strip(node, step);
  } else {
    convolve_pair_of_strips(node, step);
  }
}

void UnetRun::convolve_row(const UnetNode& node, int index, int y) {
  const int stride = graph_.pixel_stride(node.inputs.front().node);
  int count = 0;
  for (const Edge& edge : node.inputs) {
    const int offset = edge.crop - graph_.padding();
    const int channels = graph_.node(edge.node).channels;
    for (int b = 0; b < blocks_of(channels); ++b) {
      for (int r = 0; r < 3; ++r) {
        const float* row = input_row(edge.node, b, y + r + offset);
        for (int c = 0; c < 3; ++c) {
          segments_[static_cast<std::size_t>(count++)] = {
              row + static_cast<std::ptrdiff_t>(c + offset) * stride,
              channels_of_block(channels, b)};
        }
      }
    }
  }
  for (int b = 0; b < node.product.blocks(); ++b) {
    out_rows_[static_cast<std::size_t>(b)] = ring(index).row(b, y);
  }
  kernels_.direct_row(segments_.data(), count, node.product.product(), stride, out_rows_.data(),
                      kBlock, extent(index).width);
}

void UnetRun::convolve_strip(const UnetNode& node, const Step& step) {
  const Product product = node.product.product();
  const int tiles = tiles_of(extent(step.node).width);
  int parts = 0;
  for (const Edge& edge : node.inputs) {
    const int offset = edge.crop - graph_.padding();
    const int channels = graph_.node(edge.node).channels;
    for (int b = 0; b < blocks_of(channels); ++b, ++parts) {
      for (int r = 0; r < kStripRows; ++r) {
        in_rows_[static_cast<std::size_t>(parts * kStripRows + r)] =
            input_row(edge.node, b, step.first_row + r + offset) +
            static_cast<std::ptrdiff_t>(offset) * kBlock;
      }
      segments_[static_cast<std::size_t>(parts)].channels = channels_of_block(channels, b);
    }
  }
  for (int b = 0; b < product.blocks; ++b) {
    for (int r = 0; r < kTile; ++r) {
      out_rows_[static_cast<std::size_t>(b * kTile + r)] =
          output_row(step.node, b, step.first_row + r);
    }
  }

  const auto chunk = static_cast<std::size_t>(kernels_.chunk_tiles + kTileSlack);
  // A cache line more: positions must not all fall into the same sets of the cache.
  const std::size_t sums_stride = (chunk + 1) * kBlock;
  for (int first = 0; first < tiles; first += kernels_.chunk_tiles) {
    const int count = std::min(kernels_.chunk_tiles, tiles - first);
    for (int p = 0; p < parts; ++p) {
      float* to = transformed_.data() + static_cast<std::size_t>(p) * chunk * kTransformedTile;
      kernels_.winograd_input(in_rows_.data() + p * kStripRows, count, to);
      segments_[static_cast<std::size_t>(p)].values = to;
    }
    for (int b = 0; b < product.blocks; ++b) {
      kernels_.winograd_product(segments_.data(), parts, count, product, b, sums_.data(),
                                sums_stride);
      kernels_.winograd_output(sums_.data(), sums_stride, count, product.epilogue, b,
                               out_rows_.data() + b * kTile);
    }
    const std::ptrdiff_t step_floats = static_cast<std::ptrdiff_t>(count) * kTile * kBlock;
    for (int r = 0; r < parts * kStripRows; ++r)
      in_rows_[static_cast<std::size_t>(r)] += step_floats;
    for (int r = 0; r < product.blocks * kTile; ++r) {
      out_rows_[static_cast<std::size_t>(r)] += step_floats;
    }
  }
}

void UnetRun::convolve_pair_of_strips(const UnetNode& node, const Step& step) {
  const Product product = node.product.product();
  const Edge& edge = node.inputs.front();
  const int offset = edge.crop - graph_.padding();
  const int stride = graph_.pixel_stride(edge.node);
  const int channels = graph_.node(edge.node).channels;
  for (int strip = 0; strip < 2; ++strip) {
    for (int r = 0; r < kStripRows; ++r) {
      in_rows_[static_cast<std::size_t>(strip * kStripRows + r)] =
          input_row(edge.node, 0, step.first_row + strip * kTile + r + offset) +
          static_cast<std::ptrdiff_t>(offset) * stride;
    }
    for (int b = 0; b < product.blocks; ++b) {
      for (int r = 0; r < kTile; ++r) {
        out_rows_[static_cast<std::size_t>((strip * product.blocks + b) * kTile + r)] =
            output_row(step.node, b, step.first_row + strip * kTile + r);
      }
    }
  }

  const int tiles = tiles_of(extent(step.node).width);
  const auto sums_stride = static_cast<std::size_t>(kernels_.chunk_tiles + kTileSlack + 1) * kBlock;
  for (int first = 0; first < tiles; first += kernels_.chunk_tiles) {
    const int count = std::min(kernels_.chunk_tiles, tiles - first);
    kernels_.winograd_input_pair(in_rows_.data(), in_rows_.data() + kStripRows, count,
                                 transformed_.data());
    for (int strip = 0; strip < 2; ++strip) {
      const Segment segment{transformed_.data() + strip * (kBlock / 2), channels};
      for (int b = 0; b < product.blocks; ++b) {
        kernels_.winograd_product(&segment, 1, count, product, b, sums_.data(), sums_stride);
        kernels_.winograd_output(sums_.data(), sums_stride, count, product.epilogue, b,
                                 out_rows_.data() + (strip * product.blocks + b) * kTile);
      }
    }
    for (int r = 0; r < 2 * kStripRows; ++r) {
      in_rows_[static_cast<std::size_t>(r)] += static_cast<std::ptrdiff_t>(count) * kTile * stride;
    }
    for (int r = 0; r < 2 * product.blocks * kTile; ++r) {
      out_rows_[static_cast<std::size_t>(r)] += static_cast<std::ptrdiff_t>(count) * kTile * kBlock;
    }
  }
}

void UnetRun::pool(const Step& step, int y) {
  const UnetNode& node = graph_.node(step.node);
  const int from = node.inputs.front().node;
  for (int b = 0; b < blocks_of(node.channels); ++b) {
    const float* rows[2] = {ring(from).row(b, 2 * y), ring(from).row(b, 2 * y + 1)};
    float* out = ring(step.node).row(b, y);
    if (graph_.options().max_pooling) {
      kernels_.pool_max(rows, 2, out, extent(step.node).width);
    } else {
      kernels_.pool_average(rows, out, extent(step.node).width);
    }
  }
}

void UnetRun::up_convolve(const Step& step) {
  const UnetNode& node = graph_.node(step.node);
  const int from = node.inputs.front().node;
  const int channels = graph_.node(from).channels;
  const int blocks = blocks_of(channels);
  for (int b = 0; b < blocks; ++b) {
    segments_[static_cast<std::size_t>(b)] = {ring(from).row(b, step.first_row / 2),
                                              channels_of_block(channels, b)};
  }
  for (int q = 0; q < node.product.blocks(); ++q) {
    const int tap = q % 4;
    out_rows_[static_cast<std::size_t>(q)] =
        ring(step.node).row(q / 4, step.first_row + tap / 2) + (tap % 2) * kBlock;
  }
  kernels_.direct_row(segments_.data(), blocks, node.product.product(), kBlock, out_rows_.data(),
                      2 * kBlock, extent(from).width);
}

void UnetRun::pointwise(const Step& step, int y) {
  const UnetNode& node = graph_.node(step.node);
  const int from = node.inputs.front().node;
  const int channels = graph_.node(from).channels;
  const int blocks = blocks_of(channels);
  for (int b = 0; b < blocks; ++b) {
    segments_[static_cast<std::size_t>(b)] = {ring(from).row(b, y), channels_of_block(channels, b)};
  }
  for (int b = 0; b < node.product.blocks(); ++b) {
    out_rows_[static_cast<std::size_t>(b)] = ring(step.node).row(b, y);
  }
  kernels_.direct_row(segments_.data(), blocks, node.product.product(), kBlock, out_rows_.data(),
                      kBlock, extent(step.node).width);
}

void UnetRun::upsample(const Step& step, int y) {
  const UnetNode& node = graph_.node(step.node);
  const int from = node.inputs.front().node;
  const int near = y / 2;
  const int far = std::clamp(y % 2 == 0 ? near - 1 : near + 1, 0, extent(from).height - 1);
  for (int b = 0; b < blocks_of(node.channels); ++b) {
    kernels_.upsample_row(ring(from).row(b, near), ring(from).row(b, far),
                          ring(step.node).row(b, y), extent(from).width);
  }
}

void UnetRun::write_probability(const Step& step, int y, float* probability) {
  const Edge& edge = graph_.node(step.node).inputs.front();
  const int blocks = blocks_of(graph_.node(edge.node).channels);
  for (int b = 0; b < blocks; ++b) {
    in_rows_[static_cast<std::size_t>(b)] =
        ring(edge.node).row(b, y + edge.crop) + static_cast<std::ptrdiff_t>(edge.crop) * kBlock;
  }
  const int width = extent(step.node).width;
  kernels_.probability_row(in_rows_.data(), blocks, graph_.last_weights(), graph_.last_bias(),
                           graph_.options().out_channels,
                           probability + static_cast<std::ptrdiff_t>(y) * width, width);
}

void UnetRun::record(const Step& step, Trace& trace) {
  const UnetNode& node = graph_.node(step.node);
  if (node.name.empty()) return;
  const Extent& size = extent(step.node);
  LayerOutput& layer = trace[node.name];
  layer.shape = {node.channels, size.height, size.width};
  layer.values.resize(static_cast<std::size_t>(node.channels) *
                      static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width));
  const int stride = graph_.pixel_stride(step.node);
  const int end = std::min(step.first_row + node.rows_per_step, size.height);
  for (int c = 0; c < node.channels; ++c) {
    for (int y = step.first_row; y < end; ++y) {
      const float* row = ring(step.node).row(c / kBlock, y) + c % kBlock;
      float* to = layer.values.data() +
                  (static_cast<std::size_t>(c) * static_cast<std::size_t>(size.height) +
                   static_cast<std::size_t>(y)) *
                      static_cast<std::size_t>(size.width);
      for (int x = 0; x < size.width; ++x) to[x] = row[static_cast<std::ptrdiff_t>(x) * stride];
    }
  }
}

}  // namespace lungrt::native
