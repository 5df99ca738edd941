/// Algorithms of convolutions, and the packing of trained weights in the order in which the kernels
/// read them.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "native/aligned_buffer.h"
#include "native/kernels.h"

namespace lungrt::native {

/// Number of blocks for this many channels.
constexpr int blocks_of(int channels) { return (channels + kBlock - 1) / kBlock; }
/// Number of channels in a block, for this many channels in total.
constexpr int channels_of_block(int channels, int block) {
  const int left = channels - block * kBlock;
  return left < kBlock ? left : kBlock;
}

/// Algorithm of 3 x 3 convolutions, in both network families.
enum class Algorithm {
  kWinograd,  ///< F(4 x 4, 3 x 3) where that is less work, direct elsewhere
  kDirect,    ///< direct everywhere
};

/// Owner of the arrays that a Product points to.
class PackedProduct {
 public:
  PackedProduct() = default;
  /// \param lanes      number of output lanes; zeros fill them up to whole blocks
  /// \param segments   number of channels of each segment, in the order of the kernel's segments
  /// \param positions  1, or kPositions for a Winograd product
  /// \param weight     writes the weights at all positions, for one channel of a segment and a lane
  PackedProduct(
      int lanes, const std::vector<int>& segments, int positions,
      const std::function<void(int segment, int channel, int lane, float* weights)>& weight);

  /// Sets the epilogue of a lane; lanes without one have the output 0.
  void set_epilogue(int lane, float bias, float scale = 1.0F, float shift = 0.0F);
  void set_activation(Activation activation) { activation_ = activation; }

  Product product() const;
  int blocks() const { return blocks_; }

 private:
  int blocks_ = 0;
  std::size_t block_stride_ = 0;
  AlignedBuffer weights_;
  AlignedBuffer epilogue_;  ///< bias, scale, shift
  Activation activation_ = Activation::kNone;
};

/// Winograd transform G g G^T of a 3 x 3 kernel (row-major): its weight at every position.
void transform_kernel(const float* kernel, float* transformed);

}  // namespace lungrt::native
