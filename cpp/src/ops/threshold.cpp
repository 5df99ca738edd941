#include "ops/threshold.h"

#include <algorithm>
#include <cmath>

#include "core/bit_packing.h"
#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt::ops {

void refuse_nan(const VoxelIndex& voxel) {
  throw Error(ErrorCode::kInference,
              "the segmentation network returned NaN at voxel " + text::place(voxel) +
                  ", expected a probability; verify the bundle with `lungrt verify`");
}

void threshold_slice(const float* probability, std::int64_t row_stride, float threshold,
                     std::int64_t slice, NoduleMask& mask) {
  threshold_window(probability, row_stride, threshold, slice, whole_slice(mask.shape()), mask);
}

void threshold_window(const float* probability, std::int64_t row_stride, float threshold,
                      std::int64_t slice, const SliceWindow& window, NoduleMask& mask) {
  const std::int64_t rows = mask.shape().rows, words = mask.words_per_row();
  const std::int64_t shift = window.first_column % 64;
  for (std::int64_t row = 0; row < rows; ++row) {
    std::uint64_t* word = mask.row(slice, row);
    std::fill_n(word, words, std::uint64_t{0});
    if (row < window.first_row || row >= window.last_row()) continue;
    const float* values = probability + (row - window.first_row) * row_stride;
    word += window.first_column / 64;
    bool nan = false;
    for (std::int64_t first = 0; first < window.columns; first += 64, ++word) {
      const std::int64_t count = std::min<std::int64_t>(64, window.columns - first);
      const std::uint64_t bits = count == 64
                                     ? pack_greater64(values + first, threshold, nan)
                                     : pack_greater_portable(values + first, count, threshold, nan);
      word[0] |= bits << shift;
      // The next word may lie past the end of the row; then there are no bits for it.
      if (shift != 0 && shift + count > 64) word[1] |= bits >> (64 - shift);
    }
    if (nan) {
      const float* bad =
          std::find_if(values, values + window.columns, [](float v) { return std::isnan(v); });
      refuse_nan({slice, row, window.first_column + (bad - values)});
    }
  }
}

}  // namespace lungrt::ops
