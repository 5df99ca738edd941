/// Masks that a report keeps.
#pragma once

#include <memory>
#include <optional>

#include "lungrt/report.h"
#include "ops/lung_field/lung_field.h"
#include "stages/group.h"
#include "stages/run_control.h"
#include "stages/scan.h"

namespace lungrt {

/// Masks of a run: lung field, nodule mask, labels and the labelled voxels.
/// \param field  empty where the region is the whole volume
/// \throws Error kCancelled, kResourceLimit
std::shared_ptr<const RunMasks> keep_masks(PlacedScan& scan, const GroupResult& groups,
                                           const std::optional<ops::CellField>& field,
                                           const RunControl& control);

}  // namespace lungrt
