/// From what a caller asked for to what the machine has: decided once, never silently.
#pragma once

#include <string>

#include "backend/engine.h"

namespace lungrt {

/// \param wanted  cpu, cuda, cuda:N, or auto: the first CUDA device where there is one, else cpu
/// \throws Error kDeviceUnavailable, kInvalidArgument
Device choose_device(const Engine& engine, const std::string& wanted);

/// \param wanted  fp32, tf32, bf16, fp16 or int8
/// \throws Error kInvalidArgument for one that the engine does not do on the device, with those
/// that it does: nothing is missing that could be installed, so no other code fits
Precision choose_precision(const Engine& engine, const Device& device, const std::string& wanted);

/// "does fp32 and tf32 on cuda:0"
std::string precisions_in_words(const Engine& engine, const Device& device);

/// Whether the engine computes in it on the device.
bool does_precision(const Engine& engine, const Device& device, Precision wanted);

/// \param wanted  0: as many as this process may run on
/// \throws Error kInvalidArgument
int choose_threads(int wanted);

}  // namespace lungrt
