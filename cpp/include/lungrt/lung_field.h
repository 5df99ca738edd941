/// Where in a CT nodules of the lung may be.
#pragma once

#include <string>
#include <vector>

#include "lungrt/export.h"
#include "lungrt/mask.h"
#include "lungrt/pipeline.h"
#include "lungrt/volume.h"

namespace lungrt {

/// The lungs and what lies at their walls; needs no network.
struct LungField {
  NoduleMask mask;
  double air_ml = 0.0;             ///< aerated lung
  double field_ml = 0.0;           ///< of the mask
  std::vector<std::string> notes;  ///< where and why it was widened
};

/// \param threads  0: every processor this process may use; the result is the same for any number
/// \param options  progress, cancellation and max_seconds count
/// \throws Error kBadVolume where there is no plausible lung: it does not guess
LUNGRT_API LungField find_lung_field(const CtVolume& volume, int threads = 0,
                                     const RunOptions& options = {});

}  // namespace lungrt
