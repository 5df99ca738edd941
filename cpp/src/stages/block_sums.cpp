#include "stages/block_sums.h"

#include "stages/batches.h"

namespace lungrt {

ops::Cells<std::int32_t> block_sums(const CtVolume& volume, const ops::BlockSize& block,
                                    int threads, const RunControl& control) {
  ops::Cells<std::int32_t> sums(ops::cells_over(volume.shape(), block));
  const std::int64_t slices = sums.shape().slices;
  control.step("find lungs", 0, slices);
  for_each_batch(
      slices, 1, threads,
      [&](int, std::int64_t first, std::int64_t count) {
        ops::add_block_sums(volume, block, first, first + count, sums);
      },
      [&](std::int64_t done) { control.step("find lungs", done, slices); });
  return sums;
}

}  // namespace lungrt
