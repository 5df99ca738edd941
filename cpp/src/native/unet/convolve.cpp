// The 3 x 3 convolutions of a U-Net's rows.

#include <algorithm>

#include "native/unet/run.h"

namespace lungrt::native {

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

}  // namespace lungrt::native
