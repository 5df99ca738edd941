/// Kernels of the native engine: a table of functions for each instruction set and tuning.
///
/// Activations store channels in blocks of sixteen, the last of which is filled up with zeros: a
/// pixel is sixteen consecutive floats, and a row of a block is its pixels one after the other.
/// Values that kernels write past the end of a row (see kRowSlack) are meaningless.
#pragma once

#include <cstddef>

#include "native/instruction_set.h"

namespace lungrt::native {

inline constexpr int kBlock = 16;      ///< channels of a block, floats of a pixel
inline constexpr int kTile = 4;        ///< output pixels of a Winograd tile along each axis
inline constexpr int kPositions = 36;  ///< positions of a transformed tile: (kTile + 2)^2
/// Floats from one transformed tile to the next: all positions with sixteen channels each.
inline constexpr int kTransformedTile = kPositions * kBlock;
inline constexpr int kStripRows = kTile + 2;  ///< rows of input for kTile rows of output
/// Number of tiles that cover this many pixels.
constexpr int tiles_of(int pixels) { return (pixels + kTile - 1) / kTile; }
/// Number of pixels past the end of a row that kernels may read or write.
inline constexpr int kRowSlack = 20;
/// Number of tiles past the last one that products may read and write.
inline constexpr int kTileSlack = 8;

enum class Activation { kNone, kRelu, kLeakyRelu };
inline constexpr float kLeakySlope = 0.01F;

/// Operations on a sum of products: activation(sum + bias) * scale + shift, per output channel. The
/// three arrays cover whole blocks of output channels.
struct Epilogue {
  const float* bias;
  const float* scale;
  const float* shift;
  Activation activation;
};

/// Weights in the order in which kernels read them (packing.h), and the epilogue.
struct Product {
  const float* weights;
  int blocks;                ///< number of blocks of output channels
  std::size_t block_stride;  ///< floats of `weights` from one block to the next
  Epilogue epilogue;
};

/// Channels of the input, at the first pixel (or tile) of a row.
struct Segment {
  const float* values;
  int channels;
};

/// Scale and shift of each input channel before the first convolution.
struct InputNorm {
  const float* scale;
  const float* shift;
};

struct Kernels {
  InstructionSet instruction_set;
  /// Number of tiles of a strip to process together for best performance.
  int chunk_tiles;

  /// Direct convolution of a row:
  /// out[b][x] = epilogue(sum over segments s, channels c of weights * s.values[x * stride + c]).
  /// \param pixel_stride  floats from one input pixel to the next: 1, 8 or 16
  /// \param rows          output, one row for each block of output channels
  /// \param out_stride    floats from one output pixel to the next
  void (*direct_row)(const Segment* segments, int count, const Product& product, int pixel_stride,
                     float* const* rows, int out_stride, int width);

  /// Transforms the tiles of a strip; reads 4 * tiles + 2 pixels of each of six rows.
  /// \param out  [tile][position][16]
  void (*winograd_input)(const float* const* rows, int tiles, float* out);
  /// The same for two strips with at most eight channels: the lower half of each output pixel is
  /// from the first strip, the upper half from the second. Input pixels are eight floats apart.
  void (*winograd_input_pair)(const float* const* first, const float* const* second, int tiles,
                              float* out);
  /// Computes the products of one block of output channels at every position.
  /// \param segments  at the first transformed tile
  /// \param sums      output, [position][tile][16], with `sums_stride` floats from one position to
  ///                  the next. Up to kTileSlack tiles past the last one are read and written.
  void (*winograd_product)(const Segment* segments, int count, int tiles, const Product& product,
                           int block, float* sums, std::size_t sums_stride);
  /// Transforms sums back and writes 4 * tiles pixels of each of four rows.
  /// \param sums  the output of winograd_product for `block`
  void (*winograd_output)(const float* sums, std::size_t sums_stride, int tiles,
                          const Epilogue& epilogue, int block, float* const* rows);
  /// The same with 2 x 2 x 2 max pooling, for two planes that share the sixteen floats of a pixel.
  /// Writes eight floats of each of 2 * tiles pixels, sixteen floats apart, in each of two rows.
  void (*winograd_output_pooled)(const float* sums, std::size_t sums_stride, int tiles,
                                 const Epilogue& epilogue, float* const* rows);

  /// 2 x 2 average pooling: two rows to one row of half the width.
  void (*pool_average)(const float* const* rows, float* out, int out_width);
  /// Max pooling: `count` rows (2 or, for two planes, 4) to one row of half the width; keeps NaN.
  void (*pool_max)(const float* const* rows, int count, float* out, int out_width);
  /// Replaces the lower eight floats of each pixel by the maximum of its lower and upper eight
  /// floats.
  void (*keep_larger_half)(float* row, int width);
  /// One row of a bilinear upsampling by two, from the nearer and the farther of the input rows
  /// above and below it: near * 0.75 + far * 0.25 along each axis, with repeated edges.
  void (*upsample_row)(const float* near, const float* far, float* out, int width);
  /// Copies `channels` values of each pixel, scaled and shifted; input pixels are `in_stride`
  /// floats apart.
  void (*normalise_row)(const float* in, int in_stride, int channels, int width,
                        const InputNorm& norm, float* out, int out_stride);
  /// Probability of each pixel: the sigmoid of a single output, or one minus the softmax of the
  /// first of several outputs. weights is [output][block][16], bias is [output]; one input row per
  /// block.
  void (*probability_row)(const float* const* rows, int blocks, const float* weights,
                          const float* bias, int outputs, float* out, int width);
  /// Adds to sums[o] the products of `count` pixels with weights [o][pixel][16].
  void (*dot)(const float* pixels, int count, const float* weights, std::size_t output_stride,
              int outputs, float* sums);
};

/// \pre is_supported(set)
const Kernels& kernels_for(InstructionSet set);

const Kernels& portable_kernels();
const Kernels& avx2_kernels();
const Kernels& avx512_kernels();
const Kernels& avx512_intel_kernels();

}  // namespace lungrt::native
