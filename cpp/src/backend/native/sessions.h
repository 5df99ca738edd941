/// Sessions of the native engine, and the options that they are opened with.
#pragma once

#include <filesystem>
#include <memory>

#include "backend/session.h"
#include "native/kernels.h"
#include "native/network_file.h"
#include "native/packing.h"

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

/// \throws Error as Engine::open does
std::unique_ptr<Session> open_native_session(const SessionRequest& request);

}  // namespace lungrt
