#include "native/classifier/convolution_3d.h"

#include <algorithm>

namespace lungrt::native {
namespace {

constexpr int kHalf = kBlock / 2;
/// Least side of a plane for Winograd's algorithm: below, most of a tile would lie outside.
constexpr int kLeastWinogradSide = 5;
/// Most transformed values of a group of strips, so that they fit into the L2 cache with the
/// weights.
constexpr int kMostTransformedFloats = 100'000;

}  // namespace

bool Convolution3d::uses_winograd(const VoxelShape& in, const VoxelShape& out,
                                  Algorithm algorithm) {
  // With a single channel, the transform costs more than the products.
  return algorithm == Algorithm::kWinograd && in.packing != Packing::kPlanar &&
         std::min(out.height, out.width) >= kLeastWinogradSide;
}

std::vector<Convolution3d::Tap> Convolution3d::make_taps(int block) const {
  if (in_.packing == Packing::kPairs)
    return {{1, -1, kHalf, kHalf}, {1, 0, 0, kBlock}, {1, 1, 0, kHalf}};
  const int channels = channels_of_block(in_.channels, block);
  if (out_.packing == Packing::kPairs) {
    return {{2, -1, 0, channels}, {2, 0, 0, channels}, {2, 1, 0, channels}, {2, 2, 0, channels}};
  }
  return {{1, -1, 0, channels}, {1, 0, 0, channels}, {1, 1, 0, channels}};
}

int Convolution3d::kernel_slice(int tap, int channel, int lane) const {
  // Slices are numbered relative to the first slice of the output plane.
  const int out_slice = out_.packing == Packing::kPairs ? lane / kHalf : 0;
  int in_slice = tap - 1;
  if (in_.packing == Packing::kPairs) {
    in_slice = tap == 0 ? -1 : tap == 1 ? channel / kHalf : 2;
  }
  const int slice = in_slice - out_slice + 1;
  return slice >= 0 && slice < 3 ? slice : -1;
}

Convolution3d::Convolution3d(const VoxelShape& in, const VoxelShape& out,
                             const std::vector<float>& weight, const std::vector<float>& bias,
                             Activation activation, Algorithm algorithm, bool pooled)
    : in_(in), out_(out), winograd_(uses_winograd(in, out, algorithm)), pooled_(pooled) {
  const bool pairs = out.packing == Packing::kPairs;
  const int lanes = pairs ? kBlock : out.channels;
  const auto out_channel = [pairs](int lane) { return pairs ? lane % kHalf : lane; };
  const auto in_channel = [this](int block, int channel) {
    return in_.packing == Packing::kPairs ? channel % kHalf : block * kBlock + channel;
  };
  // The 3 x 3 kernel of a slice, or null where there is none.
  const auto kernel = [&](int block, int tap, int channel, int lane) -> const float* {
    const int slice = kernel_slice(tap, channel, lane);
    const int from = in_channel(block, channel);
    const int to = out_channel(lane);
    if (slice < 0 || from >= in_.channels || to >= out_.channels) return nullptr;
    return weight.data() + (static_cast<std::ptrdiff_t>(to * in_.channels + from) * 3 + slice) * 9;
  };

  const int in_blocks = in.blocks();
  for (int b = 0; b < in_blocks; ++b) taps_.push_back(make_taps(b));
  tap_count_ = static_cast<int>(taps_of(0).size());
  std::vector<int> segments;
  if (winograd_) {
    for (int b = 0; b < in_blocks; ++b) {
      for (const Tap& tap : taps_of(b)) segments.push_back(tap.channels);
    }
    product_ = PackedProduct(
        lanes, segments, kPositions, [&](int segment, int channel, int lane, float* values) {
          const float* from = kernel(segment / tap_count_, segment % tap_count_, channel, lane);
          if (from == nullptr) {
            std::fill(values, values + kPositions, 0.0F);
          } else {
            transform_kernel(from, values);
          }
        });
  } else if (in.packing == Packing::kPlanar) {
    // Pixels are one float apart, so the three columns of the kernel can be treated as channels.
    for (int tap = 0; tap < tap_count_; ++tap) segments.insert(segments.end(), 3, 3);
    product_ =
        PackedProduct(lanes, segments, 1, [&](int segment, int column, int lane, float* value) {
          const float* from = kernel(0, segment / 3, 0, lane);
          *value = from == nullptr ? 0.0F : from[segment % 3 * 3 + column];
        });
  } else {
    for (int b = 0; b < in_blocks; ++b) {
      for (const Tap& tap : taps_of(b)) segments.insert(segments.end(), 9, tap.channels);
    }
    product_ =
        PackedProduct(lanes, segments, 1, [&](int segment, int channel, int lane, float* value) {
          const int tap = segment / 9;
          const float* from = kernel(tap / tap_count_, tap % tap_count_, channel, lane);
          *value = from == nullptr ? 0.0F : from[segment % 9];
        });
  }
  for (int lane = 0; lane < lanes; ++lane) {
    const int channel = out_channel(lane);
    if (channel < out.channels) {
      product_.set_epilogue(lane, bias[static_cast<std::size_t>(channel)]);
    }
  }
  product_.set_activation(activation);
}

int Convolution3d::strips_together() const {
  const std::int64_t floats =
      std::int64_t{kPositions} * (in_.planes() + 2) * tiles_of(out_.width) * kBlock * in_.blocks();
  return static_cast<int>(
      std::clamp<std::int64_t>(kMostTransformedFloats / floats, 1, tiles_of(out_.height)));
}

void Convolution3d::prepare(ConvolutionScratch& scratch, const Kernels& kernels) const {
  const auto grow = [](auto& vector, int size) {
    vector.resize(std::max(vector.size(), static_cast<std::size_t>(size)));
  };
  const int blocks = std::max(in_.blocks(), product_.blocks());
  grow(scratch.in_rows, kStripRows);
  grow(scratch.out_rows, std::max(kTile, blocks));
  grow(scratch.segments, in_.blocks() * tap_count_ * 9);
  scratch.unused_row.reserve(static_cast<std::size_t>((1 + out_.width + kRowSlack) * kBlock));
  const std::int64_t tiles =
      std::int64_t{strips_together()} * tiles_of(out_.width) * (in_.planes() + 2) + kTileSlack;
  scratch.transformed.reserve(static_cast<std::size_t>(in_.blocks() * tiles * kTransformedTile));
  scratch.sums.reserve(
      static_cast<std::size_t>(kPositions * (kernels.chunk_tiles + kTileSlack + 1) * kBlock));
}

void Convolution3d::run(const Kernels& kernels, VoxelBlock& in, VoxelBlock& out,
                        ConvolutionScratch& scratch) const {
  if (winograd_) {
    run_winograd(kernels, in, out, scratch);
  } else {
    run_direct(kernels, in, out, scratch);
  }
  const VoxelShape& shape = out.shape();
  for (int b = 0; b < shape.blocks(); ++b) {
    for (int plane = 0; plane < shape.planes(); ++plane) {
      for (int y = 0; y < shape.height; ++y) out.clear_right_edge(b, plane, y);
    }
  }
  out.clear_missing_slice();
}

void Convolution3d::run_direct(const Kernels& kernels, VoxelBlock& in, VoxelBlock& out,
                               ConvolutionScratch& scratch) const {
  const std::ptrdiff_t stride = in_.pixel_stride();
  const Product product = product_.product();
  for (int plane = 0; plane < out_.planes(); ++plane) {
    for (int y = 0; y < out_.height; ++y) {
      int count = 0;
      const auto add = [&](const float* values, int channels) {
        scratch.segments[static_cast<std::size_t>(count++)] = {values, channels};
      };
      for (int b = 0; b < in_.blocks(); ++b) {
        for (const Tap& tap : taps_of(b)) {
          const int from = plane * tap.plane_factor + tap.plane_offset;
          for (int r = -1; r <= 1; ++r) {
            // For an odd number of slices, the last pair has taps beyond the border: they add
            // zeros.
            const float* row = in.row(b, std::min(from, in_.planes()), y + r) + tap.lane;
            if (in_.packing == Packing::kPlanar) {
              add(row - 1, 3);
            } else {
              for (int c = -1; c <= 1; ++c) add(row + c * stride, tap.channels);
            }
          }
        }
      }
      for (int b = 0; b < product.blocks; ++b) {
        scratch.out_rows[static_cast<std::size_t>(b)] = out.row(b, plane, y);
      }
      kernels.direct_row(scratch.segments.data(), count, product, static_cast<int>(stride),
                         scratch.out_rows.data(), kBlock, out_.width);
    }
  }
}

void Convolution3d::run_winograd(const Kernels& kernels, VoxelBlock& in, VoxelBlock& out,
                                 ConvolutionScratch& scratch) const {
  const Product product = product_.product();
  const int together = strips_together();
  const int columns = tiles_of(out_.width);
  const int factor = taps_of(0).front().plane_factor;
  for (int first = 0; first < tiles_of(out_.height); first += together) {
    const int strips = std::min(together, tiles_of(out_.height) - first);
    // The tiles of all planes form one sequence, with a plane of zeros at each end, so the previous
    // and next planes are a fixed number of tiles away.
    const int per_plane = strips * columns;
    const std::ptrdiff_t plane_floats = static_cast<std::ptrdiff_t>(per_plane) * kTransformedTile;
    const std::ptrdiff_t block_floats =
        plane_floats * (in_.planes() + 2) + kTileSlack * kTransformedTile;
    for (int b = 0; b < in_.blocks(); ++b) {
      float* block = scratch.transformed.data() + b * block_floats;
      std::fill(block, block + plane_floats, 0.0F);
      float* last = block + plane_floats * (in_.planes() + 1);
      std::fill(last, last + plane_floats, 0.0F);
      for (int plane = 0; plane < in_.planes(); ++plane) {
        for (int strip = 0; strip < strips; ++strip) {
          for (int r = 0; r < kStripRows; ++r) {
            const int y = (first + strip) * kTile + r - 1;
            scratch.in_rows[static_cast<std::size_t>(r)] =
                in.row(b, plane, std::min(y, in_.height)) - kBlock;
          }
          kernels.winograd_input(
              scratch.in_rows.data(), columns,
              block + (plane + 1) * plane_floats +
                  static_cast<std::ptrdiff_t>(strip) * columns * kTransformedTile);
        }
      }
    }

    // Where output planes correspond to input planes, all planes form one run of tiles.
    const int runs = factor == 1 ? 1 : out_.planes();
    const int run_tiles = factor == 1 ? out_.planes() * per_plane : per_plane;
    for (int run = 0; run < runs; ++run) {
      for (int tile = 0; tile < run_tiles; tile += kernels.chunk_tiles) {
        const int count = std::min(kernels.chunk_tiles, run_tiles - tile);
        int segment = 0;
        for (int b = 0; b < in_.blocks(); ++b) {
          for (const Tap& tap : taps_of(b)) {
            const int plane = std::min(run * factor + tap.plane_offset, in_.planes());
            scratch.segments[static_cast<std::size_t>(segment++)] = {
                scratch.transformed.data() + b * block_floats + (plane + 1) * plane_floats +
                    static_cast<std::ptrdiff_t>(tile) * kTransformedTile + tap.lane,
                tap.channels};
          }
        }
        const auto sums_stride =
            static_cast<std::size_t>((kernels.chunk_tiles + kTileSlack + 1) * kBlock);
        for (int b = 0; b < product.blocks; ++b) {
          kernels.winograd_product(scratch.segments.data(), segment, count, product, b,
                                   scratch.sums.data(), sums_stride);
          write_tiles(kernels, out, scratch, b, run * per_plane + tile, count, first, strips);
        }
      }
    }
  }
}

void Convolution3d::write_tiles(const Kernels& kernels, VoxelBlock& out,
                                ConvolutionScratch& scratch, int block, int first_tile, int count,
                                int first_strip, int strips) const {
  const Product product = product_.product();
  const auto sums_stride =
      static_cast<std::size_t>((kernels.chunk_tiles + kTileSlack + 1) * kBlock);
  const int columns = tiles_of(out_.width);
  const VoxelShape& written = out.shape();
  for (int done = 0; done < count;) {
    const int tile = first_tile + done;
    const int column = tile % columns;
    const int strip = first_strip + tile / columns % strips;
    const int plane = tile / (columns * strips);
    const int length = std::min(columns - column, count - done);
    const float* sums = scratch.sums.data() + static_cast<std::ptrdiff_t>(done) * kBlock;
    const int rows = pooled_ ? kTile / 2 : kTile;
    for (int r = 0; r < rows; ++r) {
      const int y = strip * rows + r;
      const bool exists = y < written.height && plane < written.planes();
      scratch.out_rows[static_cast<std::size_t>(r)] =
          (exists ? out.row(block, plane, y) : scratch.unused_row.data() + kBlock) +
          static_cast<std::ptrdiff_t>(column) * rows * kBlock;
    }
    if (pooled_) {
      kernels.winograd_output_pooled(sums, sums_stride, length, product.epilogue,
                                     scratch.out_rows.data());
    } else {
      kernels.winograd_output(sums, sums_stride, length, product.epilogue, block,
                              scratch.out_rows.data());
    }
    done += length;
  }
}

}  // namespace lungrt::native
