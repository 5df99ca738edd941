#include "stages/find_lungs.h"

#include <string>

#include "core/logging.h"
#include "core/text.h"
#include "stages/batches.h"
#include "stages/run_log.h"

namespace lungrt {
namespace {

/// What the search takes for each cell at its peak, estimated from the grids that are alive at
/// once.
constexpr std::int64_t kBytesPerCell = 64;

}  // namespace

ops::LungFieldResult find_lungs(const CtVolume& volume, int threads, const RunControl& control) {
  const ops::BlockSize block = ops::block_size(volume.geometry(), ops::kCellPitchMm);
  Stopwatch time;
  log_stage_begin("find lungs");
  const VolumeShape cells = ops::cells_over(volume.shape(), block);
  const RunControl::Memory memory =
      control.hold("find lungs", "a grid of cells", cells.voxels() * kBytesPerCell);
  ops::Cells<std::int32_t> sums(cells);
  const std::int64_t slices = sums.shape().slices;
  control.step("find lungs", 0, slices);
  for_each_batch(
      slices, 1, threads,
      [&](int, std::int64_t first, std::int64_t count) {
        ops::add_block_sums(volume, block, first, first + count, sums);
      },
      [&](std::int64_t done) { control.step("find lungs", done, slices); });
  ops::LungFieldResult found =
      ops::find_lung_field(volume, sums, [&] { control.check("find lungs"); });
  log_stage_end("find lungs", time.lap(),
                "the field is " + text::number(100.0 * found.field.share()) + " % of the volume");
  for (const std::string& note : found.notes) log_message(LogLevel::kWarning, note);
  return found;
}

}  // namespace lungrt
