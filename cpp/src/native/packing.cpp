#include "native/packing.h"

namespace lungrt::native {

PackedProduct::PackedProduct(
    int lanes, const std::vector<int>& segments, int positions,
    const std::function<void(int segment, int channel, int lane, float* weights)>& weight)
    : blocks_(blocks_of(lanes)) {
  std::size_t channels = 0;
  for (const int segment : segments) channels += static_cast<std::size_t>(segment);
  const std::size_t position_stride = channels * kBlock;
  block_stride_ = position_stride * static_cast<std::size_t>(positions);
  weights_ = AlignedBuffer(block_stride_ * static_cast<std::size_t>(blocks_));
  epilogue_ = AlignedBuffer(static_cast<std::size_t>(3 * blocks_ * kBlock));

  std::vector<float> values(static_cast<std::size_t>(positions));
  for (int lane = 0; lane < lanes; ++lane) {
    float* to = weights_.data() + static_cast<std::size_t>(lane / kBlock) * block_stride_ +
                static_cast<std::size_t>(lane % kBlock);
    for (std::size_t segment = 0; segment < segments.size(); ++segment) {
      for (int channel = 0; channel < segments[segment]; ++channel, to += kBlock) {
        weight(static_cast<int>(segment), channel, lane, values.data());
        for (std::size_t p = 0; p < values.size(); ++p) to[p * position_stride] = values[p];
      }
    }
  }
}

void PackedProduct::set_epilogue(int lane, float bias, float scale, float shift) {
  float* to = epilogue_.data() + lane;
  const std::size_t lanes = static_cast<std::size_t>(blocks_) * kBlock;
  to[0] = bias;
  to[lanes] = scale;
  to[2 * lanes] = shift;
}

Product PackedProduct::product() const {
  const float* bias = epilogue_.data();
  const std::size_t lanes = static_cast<std::size_t>(blocks_) * kBlock;
  return {
      weights_.data(), blocks_, block_stride_, {bias, bias + lanes, bias + 2 * lanes, activation_}};
}

void transform_kernel(const float* kernel, float* transformed) {
  // For the points 0, 1, -1, 2, -2 and infinity. In double precision, since it is done only once.
  static constexpr double kTransform[6][3] = {{1.0 / 4, 0, 0},
                                              {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                              {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                              {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                              {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                              {0, 0, 1}};
  double half[6][3] = {};
  for (int i = 0; i < 6; ++i) {
    for (int x = 0; x < 3; ++x) {
      for (int y = 0; y < 3; ++y) half[i][x] += kTransform[i][y] * kernel[3 * y + x];
    }
  }
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 6; ++j) {
      double sum = 0;
      for (int x = 0; x < 3; ++x) sum += half[i][x] * kTransform[j][x];
      transformed[6 * i + j] = static_cast<float>(sum);
    }
  }
}

}  // namespace lungrt::native
