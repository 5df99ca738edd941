/// A 3 x 3 x 3 convolution, padded by one, and its activation.
#pragma once

#include <vector>

#include "native/algorithm.h"
#include "native/classifier/voxel_block.h"
#include "native/packing.h"

namespace lungrt::native {

/// Memory that convolutions of one network share.
struct ConvolutionScratch {
  AlignedBuffer transformed, sums, unused_row;
  std::vector<const float*> in_rows;
  std::vector<float*> out_rows;
  std::vector<Segment> segments;
};

/// Immutable; input and output are given at each run.
class Convolution3d {
 public:
  /// \param weight  [channels][in channels][3][3][3]
  /// \param pooled  whether 2 x 2 x 2 max pooling follows at once; only of pairs, by Winograd
  Convolution3d(const VoxelShape& in, const VoxelShape& out, const std::vector<float>& weight,
                const std::vector<float>& bias, Activation activation, Algorithm algorithm,
                bool pooled);

  /// Whether such a convolution is computed by Winograd's algorithm.
  static bool uses_winograd(const VoxelShape& in, const VoxelShape& out, Algorithm algorithm);
  /// Grows the scratch to what run() needs.
  void prepare(ConvolutionScratch& scratch, const Kernels& kernels) const;
  /// \param out  of the shape given, or, pooled, of half its sizes, packed in blocks
  void run(const Kernels& kernels, VoxelBlock& in, VoxelBlock& out,
           ConvolutionScratch& scratch) const;

 private:
  /// A step along the slices: which plane of the input an output plane reads, and which of its
  /// lanes.
  struct Tap {
    int plane_factor;  ///< input plane = output plane * plane_factor + plane_offset
    int plane_offset;
    int lane;
    int channels;
  };
  std::vector<Tap> make_taps(int block) const;
  const std::vector<Tap>& taps_of(int block) const {
    return taps_[static_cast<std::size_t>(block)];
  }
  /// The slice of the kernel that connects a channel of a tap to an output lane, or -1.
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
  std::vector<std::vector<Tap>> taps_;  ///< of each block of the input
  int tap_count_ = 0;
  PackedProduct product_;
};

}  // namespace lungrt::native
