/// Choice of device, precision and threads: made once, when a pipeline is opened, and never
/// silently replaced by another.
#pragma once

#include <string>

#include "backend/engine.h"

namespace lungrt {

/// Resolves the name of a device.
/// \param wanted  cpu, cuda, cuda:N, or auto: the first CUDA device where there is one, else cpu
/// \throws Error kDeviceUnavailable, kInvalidArgument
Device choose_device(const Engine& engine, const std::string& wanted);

/// Resolves the name of a precision.
/// \param wanted  fp32, tf32, bf16, fp16 or int8
/// \throws Error kInvalidArgument for a precision that the engine does not support on the device;
///         the message lists those that it does. (Not kEngineUnavailable: installing something
///         would not help.)
Precision choose_precision(const Engine& engine, const Device& device, const std::string& wanted);

/// "supports fp32, tf32 on cuda:0"
std::string supported_precisions(const Engine& engine, const Device& device);

/// Whether the engine can compute in this precision on the device.
bool supports_precision(const Engine& engine, const Device& device, Precision wanted);

/// Resolves the number of threads.
/// \param wanted  0: as many as this process has processors
/// \throws Error kInvalidArgument
int choose_threads(int wanted);

}  // namespace lungrt
