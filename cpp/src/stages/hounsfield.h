/// Whether the voxels of a volume are Hounsfield units at all.
#pragma once

#include <optional>
#include <string>

#include "lungrt/volume.h"

namespace lungrt {

/// Says why the values of a volume cannot be those of a chest CT in Hounsfield units: no air, or
/// values that are all shifted. Nothing if they can be. One pass over the voxels.
std::optional<std::string> why_not_hounsfield(const CtVolume& volume);

/// \param allowed  whether the caller wants to go on with other values
/// \return a note for the report where other values are allowed
/// \throws Error kBadVolume where the values are not Hounsfield units and that is not allowed
std::optional<std::string> check_hounsfield(const CtVolume& volume, bool allowed);

}  // namespace lungrt
