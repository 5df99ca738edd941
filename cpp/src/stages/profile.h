/// Presets of options.
#pragma once

#include "core/bundle.h"
#include "lungrt/pipeline.h"

namespace lungrt {

/// The profile's options, those of the bundle's manifest, and what overrides them.
/// \throws Error kInvalidArgument for a profile, geometry or region that does not exist
ProfileOptions choose_profile(const Bundle& bundle, const PipelineOptions& options);

}  // namespace lungrt
