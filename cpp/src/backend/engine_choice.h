/// Which engine runs a bundle: decided once, never silently.
#pragma once

#include <string>

#include "backend/engine.h"
#include "core/bundle.h"

namespace lungrt {

/// \param wanted  an engine's name, or auto: the first of native, torchscript and onnxruntime that
/// is
///                here, has the device, and whose artifacts the bundle has for every network
/// \param device  as choose_device takes it
/// \param precision  one that auto's engine must do on the device
/// \throws Error as engine() does; where auto finds none, with each one's reason:
/// kEngineUnavailable or kDeviceUnavailable, and kInvalidArgument where only the precision stands
/// against one
const Engine& choose_engine(const std::string& wanted, const std::string& device,
                            const Bundle& bundle, Precision precision = Precision::kFp32);

}  // namespace lungrt
