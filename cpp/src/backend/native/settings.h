/// Options of the native engine.
#pragma once

#include "backend/session.h"
#include "native/kernels.h"
#include "native/network_file.h"
#include "native/unet/graph.h"

namespace lungrt {

struct NativeSettings {
  native::Algorithm algorithm;
  const native::Kernels& kernels;
};

/// \throws Error kInvalidArgument   for an option or a value that does not exist
/// \throws Error kDeviceUnavailable for an instruction set that this processor does not support
NativeSettings parse_native_settings(const EngineOptions& options);

/// Checks which network family a file holds.
/// \param slices  true: a U-Net is expected, false: a classifier
/// \throws Error kBadBundle where the file holds the other family
void require_family(const native::NetworkFile& network, bool slices,
                    const std::filesystem::path& file);

}  // namespace lungrt
