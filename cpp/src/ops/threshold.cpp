#include "ops/threshold.h"

#include <algorithm>
#include <cmath>

#include "core/bit_packing.h"
#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt::ops {

void refuse_nan(const VoxelIndex& voxel) {
  throw Error(ErrorCode::kInference,
              "the segmentation network gave NaN for voxel " + text::place(voxel) +
                  ", expected a probability; verify the bundle with `lungrt verify`");
}

void threshold_slice(const float* probability, std::int64_t row_stride, float threshold,
                     std::int64_t slice, NoduleMask& mask) {
  const VolumeShape& shape = mask.shape();
  const std::int64_t whole = shape.columns / 64, rest = shape.columns % 64;
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const float* values = probability + row * row_stride;
    std::uint64_t* word = mask.row(slice, row);
    bool nan = false;
    for (std::int64_t k = 0; k < whole; ++k) {
      word[k] = pack_greater64(values + 64 * k, threshold, nan);
    }
    if (rest != 0) {
      word[whole] = pack_greater_portable(values + 64 * whole, rest, threshold, nan);
    }
    if (nan) {
      const float* bad =
          std::find_if(values, values + shape.columns, [](float v) { return std::isnan(v); });
      refuse_nan({slice, row, bad - values});
    }
  }
}

}  // namespace lungrt::ops
