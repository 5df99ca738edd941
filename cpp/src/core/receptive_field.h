/// How far a segmentation network looks.
#pragma once

#include <cstdint>

namespace lungrt {

/// Pixels on each side that an output pixel of a U-Net can depend on: two 3 x 3 convolutions a
/// block, down and up again, and the rest of the deepest level's pixel that it lies in.
/// \param levels    blocks on the way down, at least 1
/// \param bilinear  up-sampling reads the next pixel of the lower level, too
constexpr std::int64_t unet_reach(std::int64_t levels, bool bilinear) {
  std::int64_t reach = 0;
  for (std::int64_t level = 0; level + 1 < levels; ++level) {
    reach += 2 * (std::int64_t{2} << level);
    if (bilinear) reach += std::int64_t{2} << level;
  }
  const std::int64_t deepest = std::int64_t{1} << (levels - 1);
  return reach + 2 * deepest + deepest - 1;
}
static_assert(unet_reach(3, false) == 23);

}  // namespace lungrt
