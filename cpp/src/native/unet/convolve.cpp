// 3 x 3 convolutions of UnetRun.

#include <algorithm>

#include "native/unet/run.h"

namespace lungrt::native {

void UnetRun::convolve(const Step& step) {
  const UnetNode& node = graph_.node(step.node);
  if (!node.winograd) {
    const int end = std::min(step.first_row + node.rows_per_step, extent(step.node).height);
    for (int y = step.first_row; y < end; ++y) convolve_row(node, step.node, y);
  } else {
    convolve_strips(node, step);
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

void UnetRun::convolve_strips(const UnetNode& node, const Step& step) {
  const Product product = node.product.product();
  const int stride = graph_.pixel_stride(node.inputs.front().node);
  const int strips = node.rows_per_step / kTile;
  int parts = 0;
  for (const Edge& edge : node.inputs) {
    const int offset = edge.crop - graph_.padding();
    const int channels = graph_.node(edge.node).channels;
    for (int b = 0; b < blocks_of(channels); ++b, ++parts) {
      for (int strip = 0; strip < strips; ++strip) {
        for (int r = 0; r < kStripRows; ++r) {
          in_rows_[static_cast<std::size_t>((parts * strips + strip) * kStripRows + r)] =
              input_row(edge.node, b, step.first_row + strip * kTile + r + offset) +
              static_cast<std::ptrdiff_t>(offset) * stride;
        }
      }
      segments_[static_cast<std::size_t>(parts)].channels = channels_of_block(channels, b);
    }
  }
  for (int strip = 0; strip < strips; ++strip) {
    for (int b = 0; b < product.blocks; ++b) {
      for (int r = 0; r < kTile; ++r) {
        out_rows_[static_cast<std::size_t>((strip * product.blocks + b) * kTile + r)] =
            output_row(step.node, b, step.first_row + strip * kTile + r);
      }
    }
  }

  const int tiles = tiles_of(extent(step.node).width);
  const auto chunk = static_cast<std::size_t>(kernels_.chunk_tiles + kTileSlack);
  // One cache line more, so that the positions do not all fall into the same sets of the cache.
  const std::size_t sums_stride = (chunk + 1) * kBlock;
  const auto advance = [](auto& rows, int count, std::ptrdiff_t floats) {
    for (int r = 0; r < count; ++r) rows[static_cast<std::size_t>(r)] += floats;
  };
  for (int first = 0; first < tiles; first += kernels_.chunk_tiles) {
    const int count = std::min(kernels_.chunk_tiles, tiles - first);
    for (int p = 0; p < parts; ++p) {
      const float* const* rows = in_rows_.data() + p * strips * kStripRows;
      float* to = transformed_ + static_cast<std::size_t>(p) * chunk * kTransformedTile;
      if (strips == 1) {
        kernels_.winograd_input(rows, count, to);
      } else {
        kernels_.winograd_input_pair(rows, rows + kStripRows, count, to);
      }
      segments_[static_cast<std::size_t>(p)].values = to;
    }
    for (int strip = 0; strip < strips; ++strip) {
      for (int b = 0; b < product.blocks; ++b) {
        kernels_.winograd_product(segments_.data(), parts, count, product, b, sums_, sums_stride);
        kernels_.winograd_output(sums_, sums_stride, count, product.epilogue, b,
                                 out_rows_.data() + (strip * product.blocks + b) * kTile);
      }
      // The values of the second strip are in the upper halves of the pixels.
      for (int p = 0; p < parts; ++p) segments_[static_cast<std::size_t>(p)].values += kBlock / 2;
    }
    const std::ptrdiff_t pixels = static_cast<std::ptrdiff_t>(count) * kTile;
    advance(in_rows_, parts * strips * kStripRows, pixels * stride);
    advance(out_rows_, product.blocks * strips * kTile, pixels * kBlock);
  }
}

}  // namespace lungrt::native
