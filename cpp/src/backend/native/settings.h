/// What the native engine can be asked for.
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
/// \throws Error kDeviceUnavailable for an instruction set that this processor does not have
NativeSettings parse_native_settings(const EngineOptions& options);

/// \param slices  whether a U-Net is expected, or a classifier
/// \throws Error kBadBundle where the file holds the other one
void require_family(const native::NetworkFile& network, bool slices,
                    const std::filesystem::path& file);

}  // namespace lungrt
