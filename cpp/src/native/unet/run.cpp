#include "native/unet/run.h"

#include <algorithm>

namespace lungrt::native {
UnetRun::Sizes::Sizes(const UnetGraph& graph, const UnetSchedule& schedule,
                      const Kernels& kernels) {
  int most_width = 0;
  for (int index = 0; const UnetNode& node : graph.nodes()) {
    const Extent& extent = schedule.extent(index);
    const int blocks = blocks_of(node.channels);
    rings.push_back(RowRing::floats(blocks, extent, graph.pixel_stride(index)));
    most_width = std::max(most_width, extent.width);
    std::size_t in_blocks = 0;
    for (const Edge& edge : node.inputs) {
      in_blocks += static_cast<std::size_t>(blocks_of(graph.node(edge.node).channels));
    }
    parts = std::max(parts, in_blocks);
    out_blocks = std::max(out_blocks, static_cast<std::size_t>(4 * blocks));
    ++index;
  }
  const auto chunk = static_cast<std::size_t>(kernels.chunk_tiles + kTileSlack);
  row = row_floats(most_width, kBlock);
  transformed = parts * chunk * kTransformedTile;
  sums = kPositions * (chunk + 1) * kBlock;
}

std::size_t UnetRun::Sizes::total() const {
  std::size_t floats =
      2 * BufferParts::floats(row) + BufferParts::floats(transformed) + BufferParts::floats(sums);
  for (const std::size_t ring : rings) floats += BufferParts::floats(ring);
  return floats;
}

UnetRun::UnetRun(const UnetGraph& graph, const Kernels& kernels, int height, int width)
    : graph_(graph),
      kernels_(kernels),
      height_(height),
      width_(width),
      schedule_(graph, height, width) {
  const Sizes sizes(graph, schedule_, kernels);
  memory_ = AlignedBuffer(sizes.total());
  BufferParts parts(memory_);
  sums_ = parts.take(sizes.sums);
  transformed_ = parts.take(sizes.transformed);
  for (int index = 0; const UnetNode& node : graph.nodes()) {
    rings_.emplace_back(parts.take(sizes.rings[static_cast<std::size_t>(index)]),
                        blocks_of(node.channels), extent(index), graph.pixel_stride(index));
    ++index;
  }
  zeros_ = parts.take(sizes.row);
  unused_row_ = parts.take(sizes.row);
  in_rows_.resize(sizes.parts * 2 * kStripRows);
  out_rows_.resize(sizes.out_blocks * 2 * kTile);
  segments_.resize(sizes.parts * 9);
}

std::int64_t UnetRun::bytes(const UnetGraph& graph, const Kernels& kernels, int height, int width) {
  const UnetSchedule schedule(graph, height, width);
  const std::size_t steps = schedule.steps().size() * sizeof(Step);
  return static_cast<std::int64_t>(AlignedBuffer::bytes(Sizes(graph, schedule, kernels).total()) +
                                   steps);
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
  if (y < 0 || y >= extent(node).height) return zeros_ + kBlock;
  return ring(node).row(block, y);
}

float* UnetRun::output_row(int node, int block, int y) {
  return y < extent(node).height ? ring(node).row(block, y) : unused_row_ + kBlock;
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
