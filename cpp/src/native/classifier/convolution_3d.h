/// 3 x 3 x 3 convolutions with a padding of one, and their activation.
#pragma once

#include <vector>

#include "native/classifier/voxel_block.h"
#include "native/packing.h"

namespace lungrt::native {

/// Working memory that the convolutions of a network share.
struct ConvolutionScratch {
  AlignedBuffer transformed, sums, unused_row;
  std::vector<const float*> in_rows;
  std::vector<float*> out_rows;
  std::vector<Segment> segments;
};

/// Weights of a convolution, immutable; input and output are passed to each run.
class Convolution3d {
 public:
  /// \param weight  [channels][in channels][3][3][3]
  /// \param pooled  whether it includes a 2 x 2 x 2 max pooling; only for kPairs and Winograd
  Convolution3d(const VoxelShape& in, const VoxelShape& out, const std::vector<float>& weight,
                const std::vector<float>& bias, Activation activation, Algorithm algorithm,
                bool pooled);

  /// Whether a convolution of these shapes uses Winograd's algorithm.
  static bool uses_winograd(const VoxelShape& in, const VoxelShape& out, Algorithm algorithm);
  /// Grows the working memory to what run() needs.
  void prepare(ConvolutionScratch& scratch, const Kernels& kernels) const;
  /// \param out  has the output shape or, if pooled, half its sizes and packing kBlocks
  void run(const Kernels& kernels, VoxelBlock& in, VoxelBlock& out,
           ConvolutionScratch& scratch) const;

 private:
  /// Tap along the slices: which plane of the input an output plane reads, and which of its lanes.
  struct Tap {
    int plane_factor;  ///< input plane = output plane * plane_factor + plane_offset
    int plane_offset;
    int lane;      ///< first lane of the input plane's pixels
    int channels;  ///< number of lanes
  };
  std::vector<Tap> make_taps(int block) const;
  const std::vector<Tap>& taps_of(int block) const {
    return taps_[static_cast<std::size_t>(block)];
  }
  /// Slice of the kernel that connects a channel of a tap with an output lane, or -1.
  int kernel_slice(int tap, int channel, int lane) const;

  void run_direct(const Kernels& kernels, VoxelBlock& in, VoxelBlock& out,
                  ConvolutionScratch& scratch) const;
  void run_winograd(const Kernels& kernels, VoxelBlock& in, VoxelBlock& out,
                    ConvolutionScratch& scratch) const;
  void write_tiles(const Kernels& kernels, VoxelBlock& out, ConvolutionScratch& scratch, int block,
                   int first_tile, int count, int first_strip, int strips) const;
  int strips_together() const;

  VoxelShape in_, out_;
  bool winograd_, pooled_;
  std::vector<std::vector<Tap>> taps_;  ///< for each block of the input
  int tap_count_ = 0;
  PackedProduct product_;
};

}  // namespace lungrt::native
