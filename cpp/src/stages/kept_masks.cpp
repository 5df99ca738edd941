#include "stages/kept_masks.h"

#include <cstdint>

#include "stages/memory_sizes.h"

namespace lungrt {

std::shared_ptr<const RunMasks> keep_masks(PlacedScan& scan, const GroupResult& groups,
                                           const std::optional<ops::CellField>& field,
                                           const RunControl& control) {
  const VolumeShape& shape = scan.volume().shape();
  const RunControl::Memory memory = control.hold(
      "classify", "the masks kept in the report",
      4 * mask_bytes(shape) + shape.voxels() * static_cast<std::int64_t>(sizeof(std::int32_t)) +
          (control.limits_memory() ? scan.grouping_bytes() : 0));
  auto masks = std::make_shared<RunMasks>();
  masks->lung_field = field.value_or(ops::CellField(shape)).to_mask();
  control.check("classify");
  masks->mask = scan.mask();
  masks->labels = label_candidates(masks->mask, groups);
  control.check("classify");
  masks->nodules = mask_of(masks->labels);
  return masks;
}

}  // namespace lungrt
