/// Trained weights in the order that the kernels read them.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "native/aligned_buffer.h"
#include "native/kernels.h"

namespace lungrt::native {

/// Blocks that hold so many channels.
constexpr int blocks_of(int channels) { return (channels + kBlock - 1) / kBlock; }
/// Channels of a block, of so many in all.
constexpr int channels_of_block(int channels, int block) {
  const int left = channels - block * kBlock;
  return left < kBlock ? left : kBlock;
}

/// Owns what a Product points to.
class PackedProduct {
 public:
  PackedProduct() = default;
  /// \param lanes      output channels, as kernels see them; filled up to whole blocks with zeros
  /// \param segments   channels of each segment, in the order that they will be given to the kernel
  /// \param positions  1, or kPositions of a Winograd product
  /// \param weight     writes the weights of one channel of a segment for one lane at every
  /// position
  PackedProduct(
      int lanes, const std::vector<int>& segments, int positions,
      const std::function<void(int segment, int channel, int lane, float* weights)>& weight);

  /// The epilogue of a lane; those not set give 0.
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

/// G g G^T: a 3 x 3 kernel (row-major) at every position of a Winograd product.
void transform_kernel(const float* kernel, float* transformed);

}  // namespace lungrt::native
