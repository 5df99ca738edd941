/// The arithmetic of the native engine: a table of functions for each instruction set.
///
/// Activations hold channels in blocks of sixteen, the last one filled up with zeros: a pixel is
/// sixteen consecutive floats, a row of a block is its pixels one after the other. What is written
/// past the end of a row (see kRowSlack) is never a result.
#pragma once

#include <cstddef>

#include "native/instruction_set.h"

namespace lungrt::native {

inline constexpr int kBlock = 16;      ///< channels of a block, floats of a pixel
inline constexpr int kTile = 4;        ///< output pixels of a Winograd tile, along each axis
inline constexpr int kPositions = 36;  ///< of a transformed tile: (kTile + 2)^2
/// Floats from one transformed tile to the next: its positions, sixteen channels each.
inline constexpr int kTransformedTile = kPositions * kBlock;
inline constexpr int kStripRows = kTile + 2;  ///< of input, for kTile of output
/// Tiles that cover so many pixels.
constexpr int tiles_of(int pixels) { return (pixels + kTile - 1) / kTile; }
/// Pixels past the end of a row that kernels may read or write.
inline constexpr int kRowSlack = 20;
/// Tiles past the last one that products may read and write.
inline constexpr int kTileSlack = 8;

enum class Activation { kNone, kRelu, kLeakyRelu };
inline constexpr float kLeakySlope = 0.01F;

/// What happens to a sum of products: activation(sum + bias) * scale + shift, per output channel.
/// The three arrays are as long as the blocks of output channels.
struct Epilogue {
  const float* bias;
  const float* scale;
  const float* shift;
  Activation activation;
};

/// Weights in the order that the kernels read them (packing.h), and what follows the sum.
struct Product {
  const float* weights;
  int blocks;                ///< of output channels
  std::size_t block_stride;  ///< floats of `weights` from one of them to the next
  Epilogue epilogue;
};

/// Some channels of the input, at the first pixel (or tile) of a row.
struct Segment {
  const float* values;
  int channels;
};

/// Per-channel affine map of an input before the first convolution.
struct InputNorm {
  const float* scale;
  const float* shift;
};

struct Kernels {
  InstructionSet instruction_set;
  /// Tiles of a strip that are best worked on together.
  int chunk_tiles;

  /// out[b][x] = epilogue(sum over segments s and channels c of weights * s.values[x * stride +
  /// c]).
  /// \param pixel_stride  floats from one input pixel to the next: 1, 8 or 16
  /// \param rows          a row for each output block
  /// \param out_stride    floats from one output pixel to the next
  void (*direct_row)(const Segment* segments, int count, const Product& product, int pixel_stride,
                     float* const* rows, int out_stride, int width);

  /// Transforms the tiles of a strip: reads 4 * tiles + 2 pixels of each of six rows.
  /// \param out  [tile][position][16]
  void (*winograd_input)(const float* const* rows, int tiles, float* out);
  /// The same for two strips of at most eight channels: the lower half of each pixel is the first
  /// strip's, the upper half the second's. Input pixels are eight floats apart.
  void (*winograd_input_pair)(const float* const* first, const float* const* second, int tiles,
                              float* out);
  /// Products of one block of outputs at every position.
  /// \param segments  of the first transformed tile
  /// \param sums      [position][tile][16], `sums_stride` floats from one position to the next; up
  /// to
  ///                  kTileSlack tiles past the last are written, and read of the segments
  void (*winograd_product)(const Segment* segments, int count, int tiles, const Product& product,
                           int block, float* sums, std::size_t sums_stride);
  /// Transforms sums back and writes 4 * tiles pixels of each of four rows.
  /// \param sums  of `block`, as winograd_product wrote them
  void (*winograd_output)(const float* sums, std::size_t sums_stride, int tiles,
                          const Epilogue& epilogue, int block, float* const* rows);
  /// The same, and 2 x 2 x 2 max pooling of two planes that share a pixel's sixteen floats: writes
  /// eight floats of each of 2 * tiles pixels, sixteen apart, of each of two rows.
  void (*winograd_output_pooled)(const float* sums, std::size_t sums_stride, int tiles,
                                 const Epilogue& epilogue, float* const* rows);

  /// Pixels of two rows to one of half the width.
  void (*pool_average)(const float* const* rows, float* out, int out_width);
  /// Pixels of `count` rows (2 or, of two planes, 4) to one of half the width; NaN stays NaN.
  void (*pool_max)(const float* const* rows, int count, float* out, int out_width);
  /// Of each of `width` pixels, the larger of its lower and upper eight floats, in the lower.
  void (*keep_larger_half)(float* row, int width);
  /// out[2 x] and out[2 x + 1] of one row of a bilinear upsampling by two, from the two rows above
  /// and below it: near * 0.75 + far * 0.25 along each axis, edges repeated.
  void (*upsample_row)(const float* near, const float* far, float* out, int width);
  /// Copies `channels` values of pixels that are `in_stride` floats apart, scaled and shifted.
  void (*normalise_row)(const float* in, int in_stride, int channels, int width,
                        const InputNorm& norm, float* out, int out_stride);
  /// Probability of each pixel: the sigmoid of one output, or of several the softmax's share of all
  /// but the first. weights is [output][block][16], bias [output]; rows one a block.
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

}  // namespace lungrt::native
