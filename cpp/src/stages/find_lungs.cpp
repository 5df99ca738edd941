#include "stages/find_lungs.h"

#include <string>

#include "core/logging.h"
#include "core/text.h"
#include "stages/batches.h"
#include "stages/run_log.h"

namespace lungrt {
namespace {

/// Peak memory of the search per cell, estimated from the grids that exist at the same time.
constexpr std::int64_t kBytesPerCell = 64;

/// \param sums_of  block size -> sums of every block
template <typename SumsOf>
ops::LungFieldResult find_in(const CtVolume& volume, const SumsOf& sums_of,
                             const RunControl& control) {
  const ops::BlockSize block = ops::block_size(volume.geometry(), ops::kCellPitchMm);
  Stopwatch time;
  log_stage_begin("find lungs");
  const VolumeShape cells = ops::cells_over(volume.shape(), block);
  const RunControl::Memory memory = control.hold(
      "find lungs", "the grid of cells for the lung field", cells.voxels() * kBytesPerCell);
  ops::LungFieldResult found =
      ops::find_lung_field(volume, sums_of(block), [&] { control.check("find lungs"); });
  log_stage_end(
      "find lungs", time.lap(),
      "the lung field is " + text::number(100.0 * found.field.share()) + " % of the volume");
  for (const std::string& note : found.notes) log_message(LogLevel::kWarning, note);
  return found;
}

}  // namespace

ops::LungFieldResult find_lungs(const CtVolume& volume, int threads, const RunControl& control) {
  return find_in(
      volume,
      [&](const ops::BlockSize& block) { return block_sums(volume, block, threads, control); },
      control);
}

ops::LungFieldResult find_lungs(PlacedScan& scan, int threads, const RunControl& control) {
  return find_in(
      scan.volume(),
      [&](const ops::BlockSize& block) { return scan.block_sums(block, threads, control); },
      control);
}

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
