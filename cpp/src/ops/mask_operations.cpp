#include <algorithm>

#include "lungrt/mask.h"
#include "ops/components.h"

namespace lungrt {

NoduleMask erode(const NoduleMask& mask) {
  NoduleMask eroded(mask.shape());
  for (std::int64_t slice = 0; slice < mask.shape().slices; ++slice) {
    for (std::int64_t row = 0; row < mask.shape().rows; ++row) {
      ops::erode_row(mask, slice, row, eroded.row(slice, row));
    }
  }
  return eroded;
}

LabelVolume label(const NoduleMask& mask) {
  const ops::LabelledRuns labelled = ops::label_runs(mask);
  LabelVolume result;
  result.shape = mask.shape();
  result.count = labelled.count;
  result.labels.resize(static_cast<std::size_t>(mask.shape().voxels()));
  for (const ops::Run& run : labelled.runs) {
    const std::int64_t first =
        (run.slice * mask.shape().rows + run.row) * mask.shape().columns + run.begin;
    std::fill_n(result.labels.begin() + first, run.end - run.begin, run.component + 1);
  }
  return result;
}

}  // namespace lungrt
