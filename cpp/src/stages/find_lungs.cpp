#include "stages/find_lungs.h"

#include "stages/batches.h"

namespace lungrt {

ops::LungFieldResult find_lungs(const CtVolume& volume, int threads, const RunControl& control) {
  const ops::BlockSize block = ops::block_size(volume.geometry(), ops::kCellPitchMm);
  ops::Cells<std::int32_t> sums(ops::cells_over(volume.shape(), block));
  const std::int64_t slices = sums.shape().slices;
  control.step("find lungs", 0, slices);
  for_each_batch(
      slices, 1, threads,
      [&](int, std::int64_t first, std::int64_t count) {
        ops::add_block_sums(volume, block, first, first + count, sums);
      },
      [&](std::int64_t done) { control.step("find lungs", done, slices); });
  return ops::find_lung_field(volume, sums);
}

}  // namespace lungrt
