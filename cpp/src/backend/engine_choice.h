/// Choice of the engine that runs a bundle: made once, and never silently replaced by another.
#pragma once

#include <string>

#include "backend/engine.h"
#include "backend/session.h"
#include "core/bundle/bundle.h"

namespace lungrt {

/// Finds an engine by its name, or chooses one.
/// \param wanted     an engine's name, or auto: the first of native, torchscript and onnxruntime
///                   that is installed, has the device, and whose artifact the bundle has for every
///                   network
/// \param device     as for choose_device()
/// \param precision  that the engine chosen by auto must support on the device
/// \throws Error as engine(). Where auto finds no engine, kEngineUnavailable or kDeviceUnavailable
///         with the reason for each engine; kInvalidArgument where the precision is the only
///         obstacle
const Engine& choose_engine(const std::string& wanted, const std::string& device,
                            const Bundle& bundle, Precision precision = Precision::kFp32);

/// Refuses settings of an engine that need inputs of one size, where a run has windows of many.
/// \throws Error kInvalidArgument
void refuse_fixed_sizes(const Engine& engine, const EngineOptions& options);

}  // namespace lungrt
