/// Receptive field of the segmentation networks.
#pragma once

#include <cstdint>

namespace lungrt {

/// Receptive-field radius of a U-Net: how many input pixels on each side of an output pixel it can
/// depend on. Each block of the encoder and decoder has two 3 x 3 convolutions; an output pixel
/// also depends on all of the deepest level's pixel that it lies in.
/// \param levels    number of encoder blocks, at least 1
/// \param bilinear  whether up-sampling is bilinear, which also reads neighbours of the level below
constexpr std::int64_t unet_receptive_radius(std::int64_t levels, bool bilinear) {
  std::int64_t radius = 0;
  for (std::int64_t level = 0; level + 1 < levels; ++level) {
    radius += 2 * (std::int64_t{2} << level);
    if (bilinear) radius += std::int64_t{2} << level;
  }
  const std::int64_t deepest = std::int64_t{1} << (levels - 1);
  return radius + 2 * deepest + deepest - 1;
}
static_assert(unet_receptive_radius(3, false) == 23);

}  // namespace lungrt
