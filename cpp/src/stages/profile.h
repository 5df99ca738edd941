/// Profiles: presets of pipeline options.
#pragma once

#include "core/bundle/bundle.h"
#include "lungrt/pipeline.h"

namespace lungrt {

/// Resolves the profile: its preset, the thresholds of the bundle's manifest, and the options that
/// override the preset.
/// \throws Error kInvalidArgument for an unknown profile, geometry, region or voxel order
ProfileOptions choose_profile(const Bundle& bundle, const PipelineOptions& options);

}  // namespace lungrt
