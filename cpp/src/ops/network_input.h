/// Input of a network: its layout in memory, and the normalisation of Hounsfield units.
#pragma once

#include <cstdint>

#include "core/bundle/bundle.h"

namespace lungrt {

/// Order of a tensor's axes in memory.
enum class Layout {
  kNchw,  ///< channels first: NCHW, or NCDHW of volumes
  kNhwc,  ///< channels last: NHWC, or NDHWC of volumes
};

}  // namespace lungrt

namespace lungrt::ops {

/// Writes clamp(hu, window) * scale + offset in float32, rounded after each operation.
inline void normalize(const std::int16_t* hu, std::int64_t count, const InputContract& input,
                      float* output) {
  const float low = input.hu_window[0], high = input.hu_window[1];
  const float scale = input.scale, offset = input.offset;
  for (std::int64_t i = 0; i < count; ++i) {
    float value = hu[i];
    value = value < low ? low : value;
    value = value > high ? high : value;
    output[i] = value * scale + offset;
  }
}

}  // namespace lungrt::ops
