/// The lung field: the part of a CT in which lung nodules can lie.
#pragma once

#include <string>
#include <vector>

#include "lungrt/error.h"
#include "lungrt/export.h"
#include "lungrt/mask.h"
#include "lungrt/pipeline.h"
#include "lungrt/volume.h"

namespace lungrt {

/// Lungs and the tissue along their walls.
struct LungField {
  NoduleMask mask;                 ///< the field in the CT's shape
  double air_ml = 0.0;             ///< volume of aerated lung
  double field_ml = 0.0;           ///< volume of the mask
  std::vector<std::string> notes;  ///< where the field was widened, and why
};

/// Finds the lung field of a CT, without a network. It is the same in whatever order the voxels are
/// stored, as that of a pipeline with voxel order patient.
/// \param threads  number of CPU threads; 0: every processor this process may use. The result does
///                 not depend on it.
/// \param options  progress, cancelled, max_seconds and max_memory_bytes are used
/// \throws Error kBadVolume if no plausible lung is found: it does not guess
/// \throws Error kCancelled, kResourceLimit, kOutOfMemory, kInvalidArgument
LUNGRT_API LungField find_lung_field(const CtVolume& volume, int threads = 0,
                                     const RunOptions& options = {});

}  // namespace lungrt
