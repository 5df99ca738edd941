/// CT volume to lung field.
#pragma once

#include "lungrt/volume.h"
#include "ops/lung_field/lung_field.h"
#include "stages/run_control.h"
#include "stages/scan.h"

namespace lungrt {

/// \param threads  that read the volume; the result is the same for any number
/// \throws Error kBadVolume where there is no plausible lung
/// \throws Error kCancelled, kResourceLimit
ops::LungFieldResult find_lungs(const CtVolume& volume, int threads, const RunControl& control);
/// The same, read where the scan lies: a device adds the voxels up itself.
ops::LungFieldResult find_lungs(PlacedScan& scan, int threads, const RunControl& control);

}  // namespace lungrt
